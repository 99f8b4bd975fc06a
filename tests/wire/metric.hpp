// One value out of Prometheus text.
#pragma once

#include <string>

#include <catch2/catch.hpp>

namespace ringside::wire_test {

/// The value of one line; the series as it is written there. The test fails if there is none.
inline double metric(const std::string& text, const std::string& series) {
  const std::size_t at = std::string("\n").append(text).find("\n" + series + " ");
  INFO(series);
  REQUIRE(at != std::string::npos);
  return std::stod(text.substr(at + series.size() + 1));
}

}  // namespace ringside::wire_test
