// The feeder as another user than the file's owner: the kernel then does not tell it who writes the
// file. Runs as root only, who alone can be two users.
#include <chrono>
#include <cstdio>
#include <fstream>
#include <thread>

#include <catch2/catch.hpp>
#include <unistd.h>

#include "tests/feed/feed_fixture.hpp"

namespace ringside::feed::test {
namespace {

constexpr std::uint32_t kRows = 1000;

std::string fit_content(std::uint32_t k) {
  const support::TemporaryDirectory folder;
  write_parquet(folder.path() / "fit", fit_sql(k, kRows), ", COMPRESSION uncompressed");
  return content_of(folder.path() / "fit");
}

const std::vector<std::string> kAsNobody{"/usr/bin/setpriv", "--reuid=65534", "--regid=65534",
                                         "--clear-groups", "--"};

/// What the feeder is to read stands in a folder that others may look into.
struct SharedPlace : Workplace {
  std::filesystem::path other = directory.path() / "other";

  SharedPlace() {
    using std::filesystem::perms;
    std::filesystem::permissions(directory.path(), perms{0755});
    std::filesystem::create_directory(bus);
    std::filesystem::permissions(bus, perms{0777});
    std::filesystem::create_directory(other);
  }

  std::vector<std::string> command_of_nobody(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = kAsNobody;
    for (const std::string& word : command(arguments)) all.push_back(word);
    return all;
  }

  support::Process watch_as_nobody() const {
    return support::Process({.command = command_of_nobody({"--watch"}),
                             .environment = {},
                             .errors = (directory.path() / "errors").string()});
  }
};

/// Whether there can be a feeder of another user here; tells if not.
bool can_be_nobody() {
  std::vector<std::string> command = kAsNobody;
  command.insert(command.end(), {RINGSIDE_BIN "/ringside-feed", "--version"});
  if (::geteuid() == 0 && ::access(kAsNobody[0].c_str(), X_OK) == 0 &&
      support::run_command(command).status == 0)
    return true;
  WARN("not tested: it takes root, setpriv, and a build that all may read");
  return false;
}

/// The new fit over the old one, half by half, so that the file is whole but mixed in between.
void rewrite_slowly(const SharedPlace& place, const std::filesystem::path& path,
                    const std::string& content) {
  REQUIRE(content.size() == content_of(path).size());
  const auto half = static_cast<std::streamsize>(content.size() / 2);
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.write(content.data(), half).flush();
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  CHECK((place.rows() == rows_of(0, kRows)));
  file.write(content.data() + half, static_cast<std::streamsize>(content.size()) - half);
}

TEST_CASE("a stranger's file that is written with a pause is let alone until it is closed") {
  if (!can_be_nobody()) return;
  const SharedPlace place;
  put_content(place.file, fit_content(0));
  const auto watcher = place.watch_as_nobody();
  REQUIRE(place.shows(0, kRows));
  rewrite_slowly(place, place.file, fit_content(1));
  REQUIRE(place.shows(1, kRows));
  CHECK(place.batches().at(0).sequence.value == 1);
  replace_content(place.file, fit_content(2));
  REQUIRE(place.shows(2, kRows));
}

TEST_CASE("a stranger's file whose end no event reports is taken once it has been quiet") {
  if (!can_be_nobody()) return;
  const SharedPlace place;
  put_content(place.other / "fit", fit_content(0));
  std::filesystem::create_symlink(place.other / "fit", place.file);
  const auto watcher = place.watch_as_nobody();
  REQUIRE(place.shows(0, kRows));
  rewrite_slowly(place, place.other / "fit", fit_content(1));
  REQUIRE(place.shows(1, kRows));
  CHECK(place.batches().at(0).sequence.value == 1);
  CHECK(count_of(place.errors(), "nothing reports whether it is still being written") == 1);
}

TEST_CASE("a stranger's file that was just written is published once it has been quiet") {
  if (!can_be_nobody()) return;
  const SharedPlace place;
  put_content(place.file, fit_content(0));
  const auto outcome = support::run_command(place.command_of_nobody({}));
  INFO(outcome.errors);
  CHECK(outcome.status == 0);
  CHECK(count_of(outcome.errors, "nothing reports whether it is still being written") == 1);
  CHECK((place.rows() == rows_of(0, kRows)));
}

}  // namespace
}  // namespace ringside::feed::test
