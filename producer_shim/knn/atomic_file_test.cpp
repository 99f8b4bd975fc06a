#include "producer_shim/atomic_file.hpp"

#include <array>
#include <atomic>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include "producer_shim/knn/scratch_folder.hpp"

namespace ringside::knn {
namespace {

using Catch::Matchers::Contains;

constexpr std::array<std::uint8_t, 3> kContent{'n', 'e', 'w'};

TEST_CASE("a path that can be written passes and stays untouched", "[knn][atomic_file]") {
  const ScratchFolder folder;
  CHECK(check_replaceable(folder.path() / "file"));
  CHECK(std::filesystem::is_empty(folder.path()));
  CHECK(check_replaceable("file-in-the-current-folder"));
}

TEST_CASE("a path is refused before anything is computed", "[knn][atomic_file]") {
  const ScratchFolder folder;
  SECTION("in a folder that is not there") {
    const Result<void> checked = check_replaceable(folder.path() / "no" / "file");
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == Errc::not_found);
    CHECK_THAT(checked.error().message, Contains((folder.path() / "no").string()));
  }
  SECTION("in a folder that nobody may write to, not even root") {
    CHECK_FALSE(check_replaceable("/proc/file"));
  }
  SECTION("that is a folder") {
    CHECK_FALSE(check_replaceable(folder.path()));
  }
  SECTION("that ends like a folder") {
    CHECK_FALSE(check_replaceable(folder.path() / ""));
  }
  SECTION("that is a device") {
    CHECK_FALSE(check_replaceable("/dev/null"));
  }
  SECTION("below a file") {
    std::ofstream(folder.path() / "file") << "old";
    CHECK_FALSE(check_replaceable(folder.path() / "file" / "file"));
  }
}

TEST_CASE("a file that cannot be replaced leaves no temporary file", "[knn][atomic_file]") {
  const ScratchFolder folder;
  // A rename onto a folder that is not empty fails after everything else went well.
  std::filesystem::create_directories(folder.path() / "taken" / "by");
  const Result<void> replaced = replace_file(folder.path() / "taken", kContent);
  REQUIRE_FALSE(replaced);
  CHECK_THAT(replaced.error().message, Contains("cannot replace"));
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a replaced file keeps its old content for those who have it open",
          "[knn][atomic_file]") {
  const ScratchFolder folder;
  const std::filesystem::path path = folder.path() / "file";
  std::ofstream(path) << "old";
  std::ifstream opened_before(path);
  REQUIRE(replace_file(path, kContent));
  std::string before;
  opened_before >> before;
  CHECK(before == "old");
  std::string after;
  std::ifstream(path) >> after;
  CHECK(after == "new");
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("a file that several replace at the same time is always what one of them wrote",
          "[knn][atomic_file]") {
  const ScratchFolder folder;
  const std::filesystem::path path = folder.path() / "file";
  constexpr std::size_t kSize = 100'000;
  REQUIRE(replace_file(path, std::vector<std::uint8_t>(kSize, 'a')));
  std::atomic<int> failed{0};
  std::atomic<int> writing{4};
  std::vector<std::jthread> writers;
  for (const std::uint8_t letter : std::array<std::uint8_t, 4>{'a', 'b', 'c', 'd'})
    writers.emplace_back([&, content = std::vector<std::uint8_t>(kSize, letter)] {
      for (int i = 0; i < 50; ++i)
        if (!replace_file(path, content)) ++failed;
      --writing;
    });
  std::size_t torn = 0;
  while (writing > 0) {
    const std::string content = content_of(path);
    if (content.size() != kSize || content.find_first_not_of(content[0]) != std::string::npos)
      ++torn;
  }
  writers.clear();
  CHECK(failed == 0);
  CHECK(torn == 0);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

TEST_CASE("a temporary file of another process of the same id stays", "[knn][atomic_file]") {
  const ScratchFolder folder;
  const std::filesystem::path other =
      folder.path() / (".file." + std::to_string(getpid()) + ".tmp");
  std::ofstream(other) << "half";
  CHECK(check_replaceable(folder.path() / "file"));
  CHECK(replace_file(folder.path() / "file", kContent));
  CHECK(content_of(other) == "half");
}

TEST_CASE("a replaced file has the permissions of any new one", "[knn][atomic_file]") {
  const ScratchFolder folder;
  const mode_t before = umask(027);
  CHECK(replace_file(folder.path() / "file", kContent));
  umask(before);
  CHECK(std::filesystem::status(folder.path() / "file").permissions() ==
        std::filesystem::perms{0640});
}

}  // namespace
}  // namespace ringside::knn
