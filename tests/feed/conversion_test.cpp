// Fits on their way between ringside-knn and Parquet files.
#include <chrono>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/feed/feed_fixture.hpp"

namespace ringside::feed::test {
namespace {

using Catch::Matchers::Contains;

const std::string kKnn = RINGSIDE_BIN "/ringside-knn";

TEST_CASE("what ringside-knn saves as Parquet and as JSON, it streams and the feeder publishes") {
  Workplace place;
  const auto produced =
      support::run_command({kKnn, "produce", "--fit-out", place.file.string(), "--dims", "3"}, {},
                           std::chrono::minutes(10));  // a sanitizer makes minutes of its seconds
  INFO(produced.errors);
  REQUIRE(produced.status == 0);
  REQUIRE(place.run().status == 0);
  const std::vector<Row> rows = place.rows();
  REQUIRE(rows.size() == 70'000);

  const auto json =
      nlohmann::json::parse(content_of(place.directory.path() / "knn_v1.json")).at("columns");
  std::size_t differing = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row row{.episode = json["episode_id"][i],
                  .host = json["host_id"][i],
                  .profile = json["profile"][i],
                  .x = json["x"][i],
                  .y = json["y"][i],
                  .z = json["z"][i],
                  .phase = json["phase_int"][i],
                  .predicted = json["predicted_int"][i],
                  .cluster = json["cluster"][i],
                  .is_train = json["is_train"][i]};
    if (row != rows[i]) ++differing;
  }
  CHECK(differing == 0);

  // Under the feeder's name, so that the same eyes see it.
  const auto streamed =
      support::run_command({kKnn, "stream", "--fit", place.file.string(), "--bus",
                            place.bus.string(), "--batch", "1000", "--producer", "feed"});
  INFO(streamed.errors);
  REQUIRE(streamed.status == 0);
  CHECK(place.batches().size() == 70);
  CHECK((place.rows() == rows));
}

TEST_CASE("a fit that is dumped and saved is the same, byte for byte the second time") {
  const Workplace place;
  write_parquet(place.file, fit_sql(5, 5000));
  const auto dumped =
      support::run_command({RINGSIDE_BIN "/ringside-feed", place.file.string(), "--dump"});
  REQUIRE(dumped.status == 0);
  const auto fit = place.directory.path() / "fit";
  put_content(fit, dumped.output);
  const auto save = [&] {
    return support::run_command({"/bin/sh", "-c", "exec \"$0\" \"$1\" --save < \"$2\"",
                                 RINGSIDE_BIN "/ringside-feed", place.file.string(), fit.string()});
  };
  REQUIRE(save().status == 0);
  const std::string saved = content_of(place.file);
  REQUIRE(save().status == 0);
  CHECK(content_of(place.file) == saved);
  REQUIRE(place.run().status == 0);
  CHECK((place.rows() == rows_of(5, 5000)));

  put_content(fit, dumped.output.substr(0, dumped.output.size() - 100));
  const auto refused = save();
  CHECK(refused.status == 1);
  CHECK_THAT(refused.errors, Contains("cannot use standard input as a fit"));
  CHECK(content_of(place.file) == saved);
}

TEST_CASE("a fit that is more than one event is not streamed, but says how to publish") {
  const Workplace place;
  write_parquet(place.file, fit_sql(1, 300, "'profile-' || (8 * y)::INT AS profile"));
  const auto streamed = support::run_command(
      {kKnn, "stream", "--fit", place.file.string(), "--bus", place.bus.string()});
  CHECK(streamed.status == 1);
  CHECK_THAT(streamed.errors, Contains("more than 65536 hosts, 256 profiles or 256 MiB") &&
                                  Contains("publish it with ringside-feed instead"));
  CHECK(place.run().status == 0);
}

TEST_CASE("ringside-knn says what to do about a Parquet file that it cannot have") {
  const Workplace place;
  // Alone in its folder, and nothing in PATH.
  const auto alone = place.directory.path() / "ringside-knn";
  std::filesystem::copy_file(kKnn, alone);
  const auto produced = support::run_command(
      {alone.string(), "produce", "--fit-out", place.file.string()}, {"PATH=/nowhere"});
  CHECK(produced.status == 1);
  CHECK_THAT(produced.errors, Contains("needs ringside-feed") && Contains("scripts/duckdb.sh"));
  put_content(place.file, "junk");
  const auto streamed = support::run_command(
      {kKnn, "stream", "--fit", place.file.string(), "--bus", place.bus.string()});
  CHECK(streamed.status == 1);
  CHECK_THAT(streamed.errors, Contains("it is not a complete Parquet file"));
}

TEST_CASE("ringside-knn refuses a name that says no format, before it computes") {
  const Workplace place;
  for (const char* const name : {"fit.json", "fit.csv", "fit", "fit.parquet.gz"}) {
    INFO(name);
    const auto file = place.directory.path() / name;
    // Without the data set, computing would fail another way.
    const auto produced = support::run_command(
        {kKnn, "produce", "--fit-out", file.string(), "--data-dir", "/nowhere"});
    CHECK(produced.status == 2);
    CHECK_THAT(produced.errors, Contains("name a .parquet or a .fit"));
  }
}

}  // namespace
}  // namespace ringside::feed::test
