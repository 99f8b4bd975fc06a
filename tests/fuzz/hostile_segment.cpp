#include "tests/fuzz/hostile_segment.hpp"

#include <bit>

#include <fcntl.h>
#include <unistd.h>

#include "bus/crc32c.hpp"
#include "bus/durable/create.hpp"
#include "bus/os/boot.hpp"
#include "bus/segment.hpp"

namespace ringside::fuzz {
namespace {

constexpr std::uint64_t kEpoch = 0x7269'6e67'7369'6465;
constexpr std::uint64_t kCreatedNs = 1'600'000'000'000'000'000;
constexpr std::uint64_t kTickNs = 1'000'000;
constexpr std::size_t kMostChanges = 64;
constexpr std::size_t kPage = 4096;

/// The words of the header that change while a segment lives, by their names.
constexpr std::array<std::size_t, 6> kLivingWords = {
    kStateOffset + offsetof(SegmentState, oldest),
    kStateOffset + offsetof(SegmentState, next),
    kStateOffset + offsetof(SegmentState, last_timestamp_ns),
    kStateOffset + offsetof(SegmentState, boot_id),
    kStateOffset + offsetof(SegmentState, boot_id) + 8,
    kStateOffset + offsetof(SegmentState, durable)};
enum LivingWord : std::size_t { kOldest, kNext, kLastTimestamp, kBoot0, kBoot1, kDurable };

/// A segment that is being made or changed: named places in the bytes of a file.
class Draft {
 public:
  Draft(std::vector<std::byte>& bytes, const Geometry& geometry)
      : bytes_(&bytes), geometry_(geometry) {}

  template <class Number>
  Number get(std::uint64_t offset) const {
    Number value{};
    std::memcpy(&value, bytes_->data() + offset, sizeof value);
    return value;
  }
  template <class Number>
  void put(std::uint64_t offset, Number value) {
    std::memcpy(bytes_->data() + offset, &value, sizeof value);
  }
  std::uint64_t word(LivingWord which) const { return get<std::uint64_t>(kLivingWords.at(which)); }
  void set_word(LivingWord which, std::uint64_t value) { put(kLivingWords.at(which), value); }

  std::uint64_t index_at(std::uint64_t sequence) const {
    return geometry_.index_offset + 8 * (sequence & (geometry_.index_slots - 1));
  }
  std::uint64_t index(std::uint64_t sequence) const {
    return get<std::uint64_t>(index_at(sequence));
  }
  /// In the file, of a word of the data ring, however far round.
  std::uint64_t data_at(std::uint64_t position) const {
    return geometry_.data_offset + position % geometry_.data_capacity / 8 * 8;
  }

  /// Makes the bytes at `position`, as they stand, the payload of a record that is whole.
  void seal_record(std::uint64_t position, std::uint32_t size, std::uint64_t sequence,
                   std::uint64_t timestamp_ns) {
    const std::array<std::uint64_t, 3> words = {size, sequence, timestamp_ns};
    std::uint32_t crc = crc32c_update(kCrcStart, std::as_bytes(std::span(&geometry_.epoch, 1)));
    crc = crc32c_update(crc, std::as_bytes(std::span(words)));
    for (std::uint64_t i = 0; i < record_bytes(size) - sizeof(RecordHeader); i += 8) {
      const std::uint64_t at = data_at(position + sizeof(RecordHeader) + i);
      auto payload = get<std::uint64_t>(at);
      if (size - i < 8) put(at, payload &= ~std::uint64_t{0} >> (64 - 8 * (size - i)));
      crc = crc32c_update(crc, std::as_bytes(std::span(&payload, 1)));
    }
    put(data_at(position), size | static_cast<std::uint64_t>(~crc) << 32);
    put(data_at(position + 8), sequence);
    put(data_at(position + 16), timestamp_ns);
  }

  /// Publishes as docs/format.md, 5, says.
  void publish(std::uint32_t size) {
    std::uint64_t oldest = word(kOldest);
    const std::uint64_t next = word(kNext);
    const std::uint64_t tail = index(next);
    const std::uint64_t end = tail + record_bytes(size);
    while (oldest < next && (end - index(oldest) > geometry_.data_capacity ||
                             next - oldest >= geometry_.retain_events))
      ++oldest;
    set_word(kOldest, oldest);
    for (std::uint64_t i = 0; i < size; i += 8)
      put(data_at(tail + sizeof(RecordHeader) + i), next * 0x9E37'79B9'7F4A'7C15 + i);
    const std::uint64_t time = kCreatedNs + (next + 1) * kTickNs;
    seal_record(tail, size, next, time);
    put(index_at(next + 1), end);
    set_word(kLastTimestamp, time);
    set_word(kNext, next + 1);
  }

 private:
  std::vector<std::byte>* bytes_;
  Geometry geometry_;
};

/// A segment as a writer leaves it, and as the disk may still have it from some records before.
struct Sound {
  Geometry geometry;
  std::vector<std::byte> before;
  std::vector<std::byte> bytes;
};

Sound make_sound(std::uint64_t capacity, std::uint64_t retain, std::size_t schema_size,
                 const std::vector<std::uint32_t>& sizes) {
  const std::vector<std::byte> schema(schema_size, std::byte{0x5A});
  Result<Geometry> plan =
      plan_segment({.schema = schema,
                    .schema_id = {'F', 'U', 'Z', 'Z'},
                    .caps = {.capacity_bytes = capacity, .retain_events = retain}});
  must_hold(plan.has_value(), "a sound segment can be laid out");
  plan->epoch = Epoch{kEpoch};
  plan->created = Timestamp{kCreatedNs};
  Sound sound{*plan, {}, std::vector<std::byte>(plan->file_size)};
  write_fixed(*reinterpret_cast<FixedPart*>(sound.bytes.data()), *plan);
  std::copy(schema.begin(), schema.end(), sound.bytes.begin() + kHeaderBytes);
  Draft draft(sound.bytes, *plan);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (i == sizes.size() * 2 / 3) sound.before = sound.bytes;
    draft.publish(sizes[i]);
  }
  if (sound.before.empty()) sound.before = sound.bytes;
  return sound;
}

const std::vector<Sound>& sound_segments() {
  static const std::vector<Sound> all = [] {
    const auto rising = [](std::uint32_t count, std::uint32_t step) {
      std::vector<std::uint32_t> sizes(count);
      for (std::uint32_t i = 0; i < count; ++i) sizes[i] = 1 + i * step;
      return sizes;
    };
    std::vector<Sound> made;
    made.push_back(make_sound(kDataGranule, 15, 0, {}));                   // empty
    made.push_back(make_sound(kDataGranule, 15, 0, rising(6, 9)));         // a few
    made.push_back(make_sound(kDataGranule, 15, 440, rising(40, 3)));      // lapped by the events
    made.push_back(make_sound(kDataGranule, 100, 0, rising(200, 4)));      // lapped by the bytes
    made.push_back(make_sound(3 * kDataGranule, 30, 0, rising(40, 700)));  // not a power of two
    made.push_back(make_sound(kDataGranule, 15, 0, {40, 65512, 65512}));   // as long as the ring
    return made;
  }();
  return all;
}

void change(Input& input, const Sound& sound, HostileSegment& segment) {
  Draft draft(segment.bytes, sound.geometry);
  const auto what = input.take<std::uint8_t>() % 10;
  switch (what) {
    case 0: {  // a word of the fixed part
      const auto which = input.take<std::uint8_t>() % (kFixedBytes / 8);
      draft.put(which * 8U, input.take<std::uint64_t>());
      segment.fixed_changed = true;
      break;
    }
    case 1: {  // a word that lives, to anything
      const auto which = LivingWord{input.take<std::uint8_t>() % kLivingWords.size()};
      draft.set_word(which, input.take<std::uint64_t>());
      break;
    }
    case 2: {  // a word that lives, by a little
      const auto which = LivingWord{input.take<std::uint8_t>() % kLivingWords.size()};
      const auto by = static_cast<std::uint64_t>(std::int64_t{input.take<std::int8_t>()});
      draft.set_word(which, draft.word(which) + by);
      break;
    }
    case 3: {  // an index word, counted back from `next`, to anything
      const std::uint64_t at = draft.index_at(draft.word(kNext) - input.take<std::uint8_t>());
      draft.put(at, input.take<std::uint64_t>());
      break;
    }
    case 4: {  // an index word, by a little
      const std::uint64_t at = draft.index_at(draft.word(kNext) - input.take<std::uint8_t>());
      const auto by = static_cast<std::uint64_t>(std::int64_t{input.take<std::int8_t>()});
      draft.put(at, draft.get<std::uint64_t>(at) + by);
      break;
    }
    case 5: {  // data, a few bytes
      const std::uint64_t at = draft.data_at(std::uint64_t{input.take<std::uint16_t>()} * 8);
      const Bytes bytes = input.take_bytes(1 + input.take<std::uint8_t>() % 8U);
      std::copy(bytes.begin(), bytes.end(),
                segment.bytes.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    }
    case 6: {  // a record, counted back from `next`: a word of its header, by a little
      const std::uint64_t at = draft.index(draft.word(kNext) - input.take<std::uint8_t>());
      const std::uint64_t word = draft.data_at(at + input.take<std::uint8_t>() % 4U * 8U);
      const auto by = static_cast<std::uint64_t>(std::int64_t{input.take<std::int8_t>()});
      draft.put(word, draft.get<std::uint64_t>(word) + by);
      break;
    }
    case 7: {  // a whole record anywhere, also inside another or across one
      const std::uint64_t at = std::uint64_t{input.take<std::uint16_t>()} * 8;
      const std::uint32_t most = static_cast<std::uint32_t>(sound.geometry.max_payload());
      const std::uint32_t size = 1 + input.take<std::uint16_t>() % most;
      const auto from_next = static_cast<std::uint64_t>(std::int64_t{input.take<std::int8_t>()});
      const auto ticks = static_cast<std::uint64_t>(std::int64_t{input.take<std::int8_t>()});
      draft.seal_record(at, size, draft.word(kNext) + from_next,
                        draft.word(kLastTimestamp) + ticks * kTickNs);
      break;
    }
    case 8:    // a page that never reached the disk
    case 9: {  // a page that reached it some records ago
      // Never the fixed part, which is written once and synced.
      const std::size_t pages = segment.bytes.size() / kPage;
      const std::size_t begin = input.take<std::uint8_t>() % pages * kPage;
      for (std::size_t i = std::max(begin, kFixedBytes); i < begin + kPage; ++i)
        segment.bytes[i] = what == 9 ? sound.before[i] : std::byte{0};
      break;
    }
  }
}

/// Makes whole again whatever index and size say are records of the window.
void reseal_window(Draft& draft, const Geometry& geometry) {
  const std::uint64_t next = draft.word(kNext);
  for (std::uint64_t back = 1; back <= geometry.retain_events && back <= next; ++back) {
    const std::uint64_t at = draft.index(next - back);
    const auto size = draft.get<std::uint32_t>(draft.data_at(at));
    if (size == 0 || size > geometry.max_payload()) continue;
    draft.seal_record(at, size, next - back, draft.get<std::uint64_t>(draft.data_at(at + 16)));
  }
}

/// CRC-32C, a table of bytes, from its definition.
std::uint32_t plain_crc32c(std::uint32_t crc, Bytes bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> made{};
    for (std::uint32_t i = 0; i < made.size(); ++i) {
      std::uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0x82F63B78 : 0);
      made[i] = value;
    }
    return made;
  }();
  for (const std::byte byte : bytes)
    crc = crc >> 8 ^ table[(crc ^ static_cast<std::uint32_t>(byte)) & 0xFF];
  return crc;
}

template <class Number>
Number number_at(Bytes bytes, std::size_t offset) {
  Number value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

}  // namespace

void seal_fixed(std::span<std::byte> file) {
  const std::uint32_t crc = crc32c(file.first(offsetof(FixedPart, crc32c)));
  std::memcpy(file.data() + offsetof(FixedPart, crc32c), &crc, sizeof crc);
}

HostileSegment take_segment(Input& input) {
  const auto which = input.take<std::uint8_t>();
  const auto flags = input.take<std::uint8_t>();
  const Sound& sound = sound_segments()[which % sound_segments().size()];
  HostileSegment segment{sound.bytes, sound.geometry, (flags & 1) == 0};
  Draft draft(segment.bytes, sound.geometry);
  const BootId boot = segment.earlier_boot ? BootId{1, 2} : current_boot_id();
  draft.set_word(kBoot0, boot[0]);
  draft.set_word(kBoot1, boot[1]);
  for (std::size_t i = 0; i < kMostChanges && !input.empty(); ++i) change(input, sound, segment);
  if ((flags & 2) != 0) reseal_window(draft, sound.geometry);
  if ((flags & 4) == 0) seal_fixed(segment.bytes);
  const BootId stored{draft.word(kBoot0), draft.word(kBoot1)};
  segment.earlier_boot = stored != current_boot_id();
  return segment;
}

void lay_out(const HostileSegment& segment, const std::filesystem::path& path) {
  const File file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  const auto put = [&file](Bytes bytes, std::uint64_t offset) {
    must_hold(::pwrite(file.descriptor(), bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
                  static_cast<ssize_t>(bytes.size()),
              "the file can be written");
  };
  must_hold(::ftruncate(file.descriptor(), 0) == 0, "the file can be written");
  put(segment.bytes, 0);
  if (segment.earlier_boot) return;
  const FileIdentity identity = file.identity();
  const std::array<std::uint64_t, 3> words{identity.device, identity.inode, identity.born_ns};
  put(std::as_bytes(std::span(words)), kStateOffset + offsetof(SegmentState, device));
}

bool is_whole_record(Epoch epoch, std::uint64_t sequence, Bytes bytes) {
  if (bytes.size() < 32) return false;
  const auto size = number_at<std::uint32_t>(bytes, 0);
  const std::uint64_t padded = (std::uint64_t{size} + 7) / 8 * 8;
  if (size == 0 || 24 + padded > bytes.size() || number_at<std::uint64_t>(bytes, 8) != sequence)
    return false;
  const Bytes body = bytes.subspan(24, padded);
  for (const std::byte pad : body.subspan(size))
    if (pad != std::byte{0}) return false;
  const std::uint64_t wide = size;
  std::uint32_t crc = plain_crc32c(0xFFFFFFFF, std::as_bytes(std::span(&epoch, 1)));
  crc = plain_crc32c(crc, std::as_bytes(std::span(&wide, 1)));
  crc = plain_crc32c(crc, bytes.subspan(8, 16));
  crc = plain_crc32c(crc, body);
  return ~crc == number_at<std::uint32_t>(bytes, 4);
}

std::vector<FoundRecord> find_records(const HostileSegment& segment) {
  const Bytes ring = segment.data();
  std::vector<std::byte> twice(ring.begin(), ring.end());
  twice.insert(twice.end(), ring.begin(), ring.end());
  std::vector<FoundRecord> found;
  for (std::size_t offset = 0; offset < ring.size(); offset += 8) {
    const Bytes bytes = Bytes(twice).subspan(offset, ring.size());
    const auto sequence = number_at<std::uint64_t>(bytes, 8);
    const auto time = number_at<std::uint64_t>(bytes, 16);
    if (!is_whole_record(segment.geometry.epoch, sequence, bytes)) continue;
    const Bytes payload = bytes.subspan(24, number_at<std::uint32_t>(bytes, 0));
    found.push_back({sequence, time, offset, {payload.begin(), payload.end()}});
  }
  return found;
}

}  // namespace ringside::fuzz
