// What a fit may hold, by the table that the page is held to as well (rules.json).
#include <algorithm>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/feed/feed_fixture.hpp"

namespace ringside::feed::test {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;

/// The value as SQL of its type.
std::string typed(const json& value, const std::string& type) {
  if (value.is_null()) return "NULL::" + type;
  const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  return std::string("'").append(text).append("'::").append(type);
}

json json_of(const Row& row) {
  return {{"episode_id", row.episode},
          {"host_id", row.host},
          {"profile", row.profile},
          {"x", row.x},
          {"y", row.y},
          {"z", row.z},
          {"phase_int", row.phase},
          {"predicted_int", row.predicted},
          {"cluster", row.cluster},
          {"is_train", row.is_train}};
}

TEST_CASE("each rule of what a fit may hold is kept") {
  const json cases = json::parse(content_of(RINGSIDE_RULES)).at("cases");
  REQUIRE(cases.size() > 50);
  for (const json& one : cases) {
    INFO(one);
    const json ways = one.value("only", json::array({"parquet"}));
    if (std::ranges::find(ways, "parquet") == ways.end()) continue;
    const std::string column = one.at("column");
    const std::uint32_t count = one.value("rows", 3U);
    const Workplace place;
    write_parquet(place.file,
                  fit_sql(1, count, typed(one.at("value"), one.at("type")) + " AS " + column));
    const auto outcome = place.run();
    INFO(outcome.errors);
    if (one.contains("refused")) {
      CHECK(outcome.status == 1);
      CHECK_THAT(outcome.errors, Contains(one.at("refused").get<std::string>()));
    } else {
      CHECK(outcome.status == 0);
      const std::vector<Row> rows = place.rows();
      REQUIRE(rows.size() == count);
      for (const Row& row : rows) CHECK(json_of(row).at(column) == one.at("reads"));
    }
  }
}

}  // namespace
}  // namespace ringside::feed::test
