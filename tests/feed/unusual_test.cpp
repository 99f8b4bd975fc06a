// Parquet files that are unusual, or that are corrupt (unusual.py writes them, and says what is
// right): the feeder reads them right, or refuses them for the reason that the page gives.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/feed/feed_fixture.hpp"

namespace ringside::feed::test {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;

/// The columns of `rows`, in the form of the cases.
json columns_of(const std::vector<Row>& rows) {
  json columns;
  for (const Row& row : rows) {
    columns["episode_id"].push_back(row.episode);
    columns["host_id"].push_back(row.host);
    columns["profile"].push_back(row.profile);
    columns["x"].push_back(row.x);
    columns["y"].push_back(row.y);
    columns["z"].push_back(row.z);
    columns["phase_int"].push_back(row.phase);
    columns["predicted_int"].push_back(row.predicted);
    columns["cluster"].push_back(row.cluster);
    columns["is_train"].push_back(row.is_train);
  }
  return columns;
}

std::vector<Row> usual_rows(int count) {
  std::vector<Row> rows;
  for (int all = 0; all < count; ++all) {
    const int i = all % 4;
    // Not "e" + ...: g++ 12 warns falsely of it.
    rows.push_back({.episode = std::string("e").append(std::to_string(i)),
                    .host = "h",
                    .profile = "p",
                    .x = static_cast<float>(i) / 2,
                    .y = 1.5F,
                    .z = 0.125F,
                    .phase = 3,
                    .predicted = 4,
                    .cluster = 5 + i,
                    .is_train = i % 2 == 0});
  }
  return rows;
}

/// As a point has it.
json as_float(json values) {
  for (json& value : values) value = value.get<float>();
  return values;
}

TEST_CASE("a file that is unusual or corrupt is read right, or refused for its reason") {
  const support::TemporaryDirectory folder;
  const std::string files = folder.path().string();
  REQUIRE(support::run_command({"/usr/bin/env", "python3", RINGSIDE_UNUSUAL, files}).status == 0);
  const json cases = json::parse(content_of(folder.path() / "cases.json"));
  REQUIRE(cases.size() > 100);
  for (const auto& [name, outcome] : cases.items()) {
    Workplace place;
    place.file = folder.path() / (name + ".parquet");
    const auto run = place.run();
    INFO(name << ": " << run.errors);
    if (outcome.contains("refused")) {
      CHECK(run.status == 1);
      CHECK_THAT(run.errors, Contains(outcome.at("refused").get<std::string>()));
      CHECK_THAT(run.errors, !Contains("/proc/"));
      CHECK(count_of(run.errors, "\n") == 1);
      CHECK(place.batches().empty());
    } else {
      CHECK(run.status == 0);
      json expected = columns_of(usual_rows(outcome.value("rows", 4)));
      expected.update(outcome.at("reads"));
      for (const char* const axis : {"x", "y", "z"}) expected[axis] = as_float(expected[axis]);
      CHECK(columns_of(place.rows()) == expected);
    }
  }
}

}  // namespace
}  // namespace ringside::feed::test
