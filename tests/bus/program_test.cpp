// Numbers as users write them, and the line of progress in a log.
#include <chrono>
#include <cstdio>
#include <string>

#include <catch2/catch.hpp>

#include "bus/program/numbers.hpp"
#include "bus/program/progress_line.hpp"

namespace ringside {
namespace {

using namespace std::chrono_literals;

TEST_CASE("a whole number is digits alone, and no larger than its type") {
  CHECK(parse_whole("0") == 0);
  CHECK(parse_whole("18446744073709551615") == ~std::uint64_t{0});
  CHECK(parse_whole<std::uint16_t>("65535") == 65535);
  CHECK(parse_whole("00ff", 16) == 255);
  CHECK_FALSE(parse_whole<std::uint16_t>("65536"));
  for (const char* const bad : {"", " 1", "1 ", "+1", "-1", "1.0", "0x1", "18446744073709551616"}) {
    INFO(bad);
    CHECK_FALSE(parse_whole(bad));
  }
}

TEST_CASE("a decimal number is finite") {
  CHECK(parse_decimal("0.25") == 0.25);
  CHECK(parse_decimal("1e3") == 1000);
  for (const char* const bad : {"", "nan", "inf", "-inf", "1e999", "1s"}) {
    INFO(bad);
    CHECK_FALSE(parse_decimal(bad));
  }
}

TEST_CASE("a duration has a unit") {
  CHECK(parse_duration("0s").value() == 0s);
  CHECK(parse_duration("100ms").value() == 100ms);
  CHECK(parse_duration("5m").value() == 5min);
  CHECK(parse_duration("2h").value() == 2h);
  CHECK(parse_duration("9223372036854775807ns").value() == std::chrono::nanoseconds::max());
  for (const char* const bad : {"", "10", "s", "-1s", "1.5s", "10d", "9223372036854775808ns"}) {
    INFO(bad);
    CHECK(parse_duration(bad).error().code == Errc::bad_argument);
  }
}

TEST_CASE("a size may have a unit, in powers of 1024 and in either case") {
  CHECK(parse_size("65536").value() == 65536);
  CHECK(parse_size("64B").value() == 64);
  for (const char* const same : {"64MiB", "64MB", "64M", "64mib", "64mb", "64m"}) {
    INFO(same);
    CHECK(parse_size(same).value() == 64 << 20);
  }
  CHECK(parse_size("1TiB").value() == std::uint64_t{1} << 40);
  for (const char* const bad : {"", "MiB", "-1", "1.5GiB", "1 MiB", "1XB", "1iB", "16EiB"}) {
    INFO(bad);
    CHECK(parse_size(bad).error().code == Errc::bad_argument);
  }
}

TEST_CASE("in a log each report is a line, and none comes before its time") {
  std::FILE* const log = std::tmpfile();
  REQUIRE(log != nullptr);
  {
    ProgressLine line(log, {.on_terminal = 1ms, .in_log = 1h});
    CHECK_FALSE(line.is_on_terminal());
    CHECK_FALSE(line.is_due());
    line.show("%d %%", 50);
    line.erase();
    line.end();
    ProgressLine never(log, {.on_terminal = 1ms});
    CHECK_FALSE(never.is_due());
  }
  std::rewind(log);
  std::string text(16, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), log));
  CHECK(text == "50 %\n");
  std::fclose(log);
}

}  // namespace
}  // namespace ringside
