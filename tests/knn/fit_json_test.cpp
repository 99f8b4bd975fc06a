#include "producer_shim/knn/fit_json.hpp"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace ringside::knn {
namespace {

TEST_CASE("a fit as JSON has each column whole, under its name, with equal values",
          "[knn][fit_json]") {
  Fit fit{{"a \"quoted\" \\ name", "\xC3\xA9pisode"}, {"h\xFFst", "b"}, {"p"}, {}};
  fit.points.emplace_back(0.1F, -1.0F, 3.4028235e38F, 3, -1, 5, 0U, std::uint16_t{1},
                          std::uint8_t{0}, true);
  fit.points.emplace_back(-0.0F, 1e-45F, 0.333333343F, -2147483647 - 1, 2147483647, 0, 1U,
                          std::uint16_t{0}, std::uint8_t{0}, false);
  const auto json = nlohmann::json::parse(encode_json(fit));
  CHECK(json["format"] == "ringside-fit");
  CHECK(json["version"] == 1);
  CHECK(json["rows"] == 2);
  const auto& columns = json["columns"];
  CHECK(columns.size() == 10);
  CHECK(columns["episode_id"] == std::vector<std::string>{fit.episodes[0], fit.episodes[1]});
  // What is not UTF-8 cannot stand in JSON.
  CHECK(columns["host_id"] == std::vector<std::string>{"b", "h\xEF\xBF\xBDst"});
  CHECK(columns["profile"] == std::vector<std::string>{"p", "p"});
  const auto floats = [&](const char* name) { return columns[name].get<std::vector<float>>(); };
  CHECK(floats("x") == std::vector{0.1F, -0.0F});
  CHECK(floats("y") == std::vector{-1.0F, 1e-45F});
  CHECK(floats("z") == std::vector{3.4028235e38F, 0.333333343F});
  CHECK(columns["phase_int"] == std::vector{3, -2147483647 - 1});
  CHECK(columns["predicted_int"] == std::vector{-1, 2147483647});
  CHECK(columns["cluster"] == std::vector{5, 0});
  CHECK(columns["is_train"] == std::vector{true, false});
}

TEST_CASE("the JSON of a fit stands beside it", "[knn][fit_json]") {
  CHECK(json_beside("data/processed/knn_v1.parquet") == "data/processed/knn_v1.json");
  CHECK(json_beside("knn.v1.fit") == "knn.v1.json");
}

}  // namespace
}  // namespace ringside::knn
