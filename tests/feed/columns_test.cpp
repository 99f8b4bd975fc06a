// Every way in which a whole fit can stand in a Parquet file reads as the same points.
#include <catch2/catch.hpp>

#include "tests/feed/feed_fixture.hpp"

namespace ringside::feed::test {
namespace {

using Catch::Matchers::Contains;

struct Kind {
  const char* name;
  const char* replaced;  ///< columns of other types than DuckDB's own
  const char* options;   ///< how they are written
};

const Kind kKinds[] = {
    {"doubles, 64-bit integers, bool", "", ""},
    {"floats and 32-bit integers",
     "x::FLOAT AS x, y::FLOAT AS y, z::FLOAT AS z, phase_int::INTEGER AS phase_int, "
     "predicted_int::INTEGER AS predicted_int, cluster::INTEGER AS cluster",
     ""},
    {"8- and 16-bit integers",
     "phase_int::TINYINT AS phase_int, predicted_int::SMALLINT AS predicted_int, "
     "cluster::UTINYINT AS cluster, is_train::TINYINT AS is_train",
     ""},
    {"unsigned integers",
     "phase_int::USMALLINT AS phase_int, predicted_int::UINTEGER AS predicted_int, "
     "cluster::UBIGINT AS cluster, is_train::UBIGINT AS is_train",
     ""},
    {"labels as doubles, as pandas has them once one is missing",
     "phase_int::DOUBLE AS phase_int, predicted_int::DOUBLE AS predicted_int, "
     "cluster::FLOAT AS cluster, is_train::DOUBLE AS is_train",
     ""},
    {"decimals", "x::DECIMAL(9,3) AS x, y::DECIMAL(18,3) AS y, z::DECIMAL(38,3) AS z", ""},
    {"whole coordinates", "x::BIGINT AS x", ""},
    {"categories",
     "host_id::ENUM('host-0','host-1','host-2','host-3','host-4','host-5','host-6') AS host_id, "
     "profile::ENUM('profile-0','profile-1','profile-2') AS profile",
     ""},
    {"strings without the mark of text",
     "episode_id::BLOB AS episode_id, host_id::BLOB AS host_id, profile::BLOB AS profile", ""},
    {"uncompressed", "", ", COMPRESSION uncompressed"},
    {"snappy", "", ", COMPRESSION snappy"},
    {"gzip", "", ", COMPRESSION gzip"},
    {"zstd", "", ", COMPRESSION zstd"},
    {"lz4", "", ", COMPRESSION lz4"},
    {"brotli", "", ", COMPRESSION brotli"},
    {"several row groups", "", ", ROW_GROUP_SIZE 2048"},
    {"pages of version 2", "", ", PARQUET_VERSION v2"},
    {"row groups of pages of version 2, zstd", "",
     ", PARQUET_VERSION v2, ROW_GROUP_SIZE 2048, COMPRESSION zstd"},
};

TEST_CASE("a fit reads as the same points, whatever types and codecs it is written with") {
  for (const Kind& kind : kKinds) {
    INFO(kind.name);
    const Workplace place;
    write_parquet(place.file, fit_sql(7, 10'000, kind.replaced), kind.options);
    const auto outcome = place.run();
    INFO(outcome.errors);
    REQUIRE(outcome.status == 0);
    CHECK_THAT(outcome.errors, !Contains("note"));
    CHECK((place.rows() == rows_of(7, 10'000)));
  }
}

TEST_CASE("columns stand in any order, and others are passed over with a note") {
  const Workplace place;
  write_parquet(place.file,
                "SELECT is_train, cluster, 5 AS __index_level_0__, z, y, x, [i] AS \"a\"\"b\", "
                "predicted_int, phase_int, profile, host_id, episode_id FROM (" +
                    fit_sql(1, 100) + ") CROSS JOIN (SELECT 1 AS i)");
  const auto outcome = place.run();
  INFO(outcome.errors);
  REQUIRE(outcome.status == 0);
  CHECK_THAT(outcome.errors, Contains("note: passed over") && Contains("\"__index_level_0__\"") &&
                                 Contains(R"("a\"b")"));
  CHECK((place.rows() == rows_of(1, 100)));
}

TEST_CASE("a label that is not there is -1, and a host or profile empty, with a note each") {
  const Workplace place;
  write_parquet(place.file,
                fit_sql(1, 100,
                        "CASE WHEN predicted_int < 5 THEN predicted_int END AS predicted_int, "
                        "CASE WHEN cluster = 3 THEN 'nan'::DOUBLE ELSE cluster END AS cluster, "
                        "NULL AS phase_int, NULLIF(host_id, 'host-0') AS host_id, "
                        "NULL::VARCHAR AS profile"));
  const auto outcome = place.run();
  INFO(outcome.errors);
  REQUIRE(outcome.status == 0);
  CHECK_THAT(outcome.errors, Contains("note: predicted_int is null in 54 of 100 rows") &&
                                 Contains("note: cluster is null in 20 of 100 rows") &&
                                 Contains("note: phase_int is null in 100 of 100 rows") &&
                                 Contains("note: host_id is null in 15 of 100 rows") &&
                                 Contains("note: profile is null in 100 of 100 rows"));
  std::vector<Row> expected = rows_of(1, 100);
  for (Row& row : expected) {
    if (row.predicted >= 5) row.predicted = -1;
    if (row.cluster == 3) row.cluster = -1;
    if (row.host == "host-0") row.host = "";
    row.phase = -1;
    row.profile = "";
  }
  CHECK((place.rows() == expected));
}

TEST_CASE("names are taken as they are: empty, long, and not of this alphabet") {
  const Workplace place;
  write_parquet(place.file,
                fit_sql(1, 3,
                        "['', 'épisode – 数字', repeat('long ', 1000)][(phase_int + 1)::INT] AS "
                        "episode_id"));
  REQUIRE(place.run().status == 0);
  const auto rows = place.rows();
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].episode.empty());
  CHECK(rows[1].episode == "épisode – 数字");
  CHECK(rows[2].episode.size() == 5000);
}

TEST_CASE("episodes may be numbered or have UUIDs") {
  const Workplace place;
  write_parquet(place.file,
                fit_sql(1, 3, "phase_int + 9007199254740993 AS episode_id, uuid() AS host_id"));
  REQUIRE(place.run().status == 0);
  const auto rows = place.rows();
  REQUIRE(rows.size() == 3);
  CHECK(rows[2].episode == "9007199254740995");
  CHECK(rows[2].host.size() == 36);
}

TEST_CASE("a file is read whatever its name means to others") {
  Workplace place;
  for (const char* const name : {"a*b[c]?.parquet", "it's.parquet", "s3:", "year=2024.parquet"}) {
    INFO(name);
    place.file = place.directory.path() / name;
    const auto plain = place.directory.path() / "plain";
    write_parquet(plain, fit_sql(2, 10));
    std::filesystem::rename(plain, place.file);
    const auto outcome = place.run();
    INFO(outcome.errors);
    CHECK(outcome.status == 0);
    CHECK_THAT(outcome.errors, !Contains("note"));
    CHECK((place.rows() == rows_of(2, 10)));
  }
}

}  // namespace
}  // namespace ringside::feed::test
