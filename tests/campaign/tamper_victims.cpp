#include "tests/campaign/tamper_victims.hpp"

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/durable/writer_open.hpp"
#include "bus/writer.hpp"
#include "load_generated.h"
#include "producer_shim/event_type.hpp"

namespace ringside::campaign::tamper {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kGolden = 0x9E3779B97F4A7C15;
/// A ring that its producer has gone through within a second.
constexpr std::uint64_t kCapacity = 64 * 1024;
constexpr std::uint64_t kGoodCapacity = 8 * 1024 * 1024;
constexpr std::uint64_t kAlone = 150;
constexpr useconds_t kPauseUs = 500;
constexpr useconds_t kRetryUs = 20'000;

Bytes build(flatbuffers::FlatBufferBuilder& builder, std::uint64_t number, std::uint64_t id) {
  std::vector<std::uint64_t> words(1 + scatter(id) % 40);
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = (number + id) * kGolden + i;
  builder.Clear();
  FinishLoadBuffer(builder, CreateLoad(builder, number, id, builder.CreateVector(words)));
  return std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize()));
}

WriterOptions options_for(const EventType& type, std::uint64_t capacity) {
  WriterOptions options;
  options.schema = type.schema();
  options.schema_id = type.id();
  options.caps.capacity_bytes = capacity;
  return options;
}

int give_up(Stream& stream, const std::string& why) {
  std::snprintf(stream.fault.data(), stream.fault.size(), "%s", why.c_str());
  return 1;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace

int produce(const Bus& bus, const SegmentName& name, std::uint64_t number, Streams& streams) {
  Stream& stream = *streams.of(number);
  const bool good = number == kGoodStream;
  const EventType type = EventType::load();
  const WriterOptions options = options_for(type, good ? kGoodCapacity : kCapacity);
  flatbuffers::FlatBufferBuilder builder;
  while (true) {
    Result<Writer> writer = open_writer(bus, name, options);
    if (!writer) {
      // Something else stands in its place; whoever put it there takes it away.
      if (good) return give_up(stream, writer.error().message);
      ::usleep(kRetryUs);
      continue;
    }
    ++stream.opened;
    Sequence confirmed = writer->next();
    while (true) {
      const std::uint64_t id = stream.published.load();
      const Bytes event = build(builder, number, id);
      // First, since a reader may be quicker than this process.
      stream.published.store(id + 1);
      const auto published = writer->publish(event);
      if (!published) {
        if (published.error() != Refusal::detached || good)
          return give_up(stream, "it was refused for another reason than that it is detached");
        if (writer->next() != confirmed)
          return give_up(stream, "a refused event was counted: next is " +
                                     std::to_string(writer->next().value) + ", " +
                                     std::to_string(confirmed.value) + " were confirmed");
        ++stream.detached;
        break;
      }
      if (*published != confirmed || writer->next() != confirmed + 1)
        return give_up(stream, "it counts wrongly");
      confirmed = confirmed + 1;
      if (good && streams.stop) return 0;
      ::usleep(kPauseUs);
    }
  }
}

const char* name_of(Attack attack) {
  constexpr std::array<const char*, static_cast<std::size_t>(Attack::count) + 1> kNames = {
      "truncate_to_nothing",
      "truncate_to_a_page",
      "truncate_in_the_middle",
      "truncate_and_regrow",
      "grow",
      "remove",
      "rename",
      "rubbish_file",
      "directory",
      "fifo",
      "symlink",
      "no_rights",
      "rubbish",
      "flip_fixed",
      "flip_state",
      "flip_marks",
      "flip_index",
      "flip_records",
      "hostile_state",
      "copy",
      "none"};
  return kNames.at(static_cast<std::size_t>(attack));
}

Victim::Victim(const Bus& bus, std::uint64_t number, bool alone, SharedPage<Streams>& streams)
    : name_{"bad", "v" + std::to_string(number)},
      number_(number),
      alone_(alone),
      stream_(&streams->victims.at(number)),
      path_(bus.segment_path(name_).string()),
      moved_path_(bus.segment_path({"bad", name_.producer + "-moved"}).string()) {
  publish_some(bus);
  good_copy_ = read_file(path_);
  if (alone_) return;
  std::fflush(nullptr);
  producer_ = ::fork();
  if (producer_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::_exit(produce(bus, name_, number_, *streams));
}

Victim::~Victim() {
  if (producer_ <= 0) return;
  ::kill(producer_, SIGKILL);
  ::waitpid(producer_, nullptr, 0);
}

void Victim::publish_some(const Bus& bus) {
  const EventType type = EventType::load();
  Result<Writer> writer = open_writer(bus, name_, options_for(type, kCapacity));
  if (!writer) throw std::runtime_error(writer.error().message);
  flatbuffers::FlatBufferBuilder builder;
  for (; stream_->published < kAlone; ++stream_->published)
    if (!writer->publish(build(builder, number_, stream_->published)))
      throw std::runtime_error("a victim's event was refused");
  records_ = writer->next().value;
  index_offset_ = writer->geometry().index_offset;
  data_offset_ = writer->geometry().data_offset;
}

void Victim::flip(Dice& dice, std::uint64_t from, std::uint64_t to, std::uint64_t bits) const {
  const int file = ::open(path_.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return;
  for (; bits > 0; --bits) {
    const auto at = static_cast<off_t>(dice.between(from, to - 1));
    unsigned char byte = 0;
    if (::pread(file, &byte, 1, at) != 1) continue;
    byte = static_cast<unsigned char>(byte ^ 1U << dice.between(0, 7));
    if (::pwrite(file, &byte, 1, at) != 1) continue;
  }
  ::close(file);
}

void Victim::write_aside_and_rename(const std::string& content) const {
  const std::string aside = path_ + ".new";
  std::ofstream(aside, std::ios::binary) << content;
  std::error_code ignored;
  if (fs::is_directory(fs::symlink_status(path_, ignored))) fs::remove_all(path_, ignored);
  ::rename(aside.c_str(), path_.c_str());
}

void Victim::attack(Attack attack, Dice& dice) {
  last_ = attack;
  const auto size = static_cast<off_t>(good_copy_.size());
  const auto middle = static_cast<off_t>(dice.between(kPageBytes + 1, good_copy_.size() - 1));
  std::error_code ignored;
  switch (attack) {
    case Attack::truncate_to_nothing:
      if (::truncate(path_.c_str(), 0) != 0) return;
      break;
    case Attack::truncate_to_a_page:
      if (::truncate(path_.c_str(), kPageBytes) != 0) return;
      break;
    case Attack::truncate_in_the_middle:
      if (::truncate(path_.c_str(), middle) != 0) return;
      break;
    case Attack::truncate_and_regrow:
      if (::truncate(path_.c_str(), middle) != 0) return;
      if (dice.between(0, 1) == 0) ::usleep(static_cast<useconds_t>(dice.between(0, 20'000)));
      if (::truncate(path_.c_str(), size) != 0) return;
      break;
    case Attack::grow:
      if (::truncate(path_.c_str(), size + middle) != 0) return;
      break;
    case Attack::remove:
      fs::remove(path_, ignored);
      break;
    case Attack::rename:
      fs::rename(path_, moved_path_, ignored);
      break;
    case Attack::rubbish_file: {
      std::string rubbish(good_copy_.size(), '\0');
      for (char& byte : rubbish) byte = static_cast<char>(dice.next());
      // Now and then with a head that looks well.
      if (dice.between(0, 1) == 0) rubbish.replace(0, 16, good_copy_, 0, 16);
      write_aside_and_rename(rubbish);
      break;
    }
    case Attack::directory:
      fs::remove(path_, ignored);
      fs::create_directory(path_, ignored);
      break;
    case Attack::fifo:
      fs::remove(path_, ignored);
      if (::mkfifo(path_.c_str(), 0600) != 0) return;
      break;
    case Attack::symlink: {
      constexpr std::array<const char*, 4> kTargets = {"/dev/zero", "nowhere", "/", "/dev/null"};
      fs::remove(path_, ignored);
      fs::create_symlink(kTargets.at(dice.between(0, 3)), path_, ignored);
      break;
    }
    case Attack::no_rights:
      if (::chmod(path_.c_str(), 0) != 0) return;
      break;
    case Attack::rubbish: {
      std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
      std::string rubbish(good_copy_.size(), '\0');
      for (char& byte : rubbish) byte = static_cast<char>(dice.next());
      file << rubbish;
      break;
    }
    case Attack::flip_fixed:
      flip(dice, 0, kFixedBytes, dice.between(1, 4));
      break;
    case Attack::flip_state:
      flip(dice, kStateOffset, kStateOffset + sizeof(SegmentState), dice.between(1, 64));
      break;
    case Attack::flip_marks:
      flip(dice, kMarksOffset, index_offset_, dice.between(1, 64));
      break;
    case Attack::flip_index:
      flip(dice, index_offset_, data_offset_, dice.between(1, 512));
      break;
    case Attack::flip_records:
      flip(dice, data_offset_, good_copy_.size(), dice.between(1, 512));
      break;
    case Attack::hostile_state: {
      const std::array<std::uint64_t, 8> values = {0,
                                                   1,
                                                   records_,
                                                   records_ + 1,
                                                   records_ - 1,
                                                   ~std::uint64_t{0},
                                                   ~std::uint64_t{0} / 2,
                                                   dice.next()};
      const std::uint64_t value = values.at(dice.between(0, values.size() - 1));
      const std::array<std::size_t, 4> words = {
          offsetof(SegmentState, oldest), offsetof(SegmentState, next),
          offsetof(SegmentState, durable), offsetof(SegmentState, last_timestamp_ns)};
      const std::uint64_t at = kStateOffset + words.at(dice.between(0, words.size() - 1));
      std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
      file.seekp(static_cast<std::streamoff>(at));
      file.write(reinterpret_cast<const char*>(&value), sizeof value);
      break;
    }
    case Attack::copy:
      write_aside_and_rename(good_copy_);
      break;
    case Attack::count:
      break;
  }
}

bool Victim::must_be_put_aside() const {
  return alone_ && (last_ == Attack::truncate_to_nothing || last_ == Attack::truncate_to_a_page ||
                    last_ == Attack::truncate_in_the_middle || last_ == Attack::rubbish_file ||
                    last_ == Attack::directory || last_ == Attack::fifo);
}

void Victim::restore(Dice& dice) const {
  std::error_code ignored;
  const bool regular = fs::is_regular_file(fs::symlink_status(path_, ignored));
  if (!regular || dice.between(0, 1) == 0) {
    write_aside_and_rename(good_copy_);
    return;
  }
  // The same file, made whole: as some would by copying over it.
  const int file = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  if (::ftruncate(file, static_cast<off_t>(good_copy_.size())) != 0 ||
      ::pwrite(file, good_copy_.data(), good_copy_.size(), 0) !=
          static_cast<ssize_t>(good_copy_.size()))
    throw std::runtime_error("cannot restore " + path_);
  ::close(file);
}

void Victim::undo(Dice& dice) {
  std::error_code ignored;
  if (last_ == Attack::rename) {
    // Back it goes, unless its producer has made another since.
    if (alone_)
      fs::rename(moved_path_, path_, ignored);
    else
      fs::remove(moved_path_, ignored);
    return;
  }
  if (last_ == Attack::no_rights) {
    ::chmod(path_.c_str(), 0644);
    return;
  }
  if (alone_) {
    restore(dice);
    return;
  }
  const bool mends_itself = last_ == Attack::flip_state || last_ == Attack::hostile_state ||
                            last_ == Attack::flip_index || last_ == Attack::flip_records;
  if (last_ == Attack::remove || (mends_itself && dice.between(0, 3) > 0)) return;
  fs::remove_all(path_, ignored);
}

Verdict Victim::fault() const {
  if (stream_->fault[0] != '\0') return name_.text() + ": " + stream_->fault.data();
  siginfo_t info{};
  if (producer_ > 0 &&
      ::waitid(P_PID, static_cast<id_t>(producer_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
      info.si_pid != 0)
    return name_.text() + ": its producer died, status " + std::to_string(info.si_status);
  return std::nullopt;
}

}  // namespace ringside::campaign::tamper
