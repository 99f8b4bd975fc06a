// Parquet files that others wrote (foreign/README.md says who, and how).
#include <algorithm>

#include <catch2/catch.hpp>

#include "tests/feed/feed_fixture.hpp"

namespace ringside::feed::test {
namespace {

TEST_CASE("files of other writers read as the same points") {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(RINGSIDE_FOREIGN)) {
    if (entry.path().extension() != ".parquet") continue;
    ++files;
    Workplace place;
    place.file = entry.path();
    const auto outcome = place.run();
    INFO(entry.path() << ": " << outcome.errors);
    CHECK(outcome.status == 0);
    CHECK((place.rows() == rows_of(1, 100)));
  }
  CHECK(files >= 8);
}

}  // namespace
}  // namespace ringside::feed::test
