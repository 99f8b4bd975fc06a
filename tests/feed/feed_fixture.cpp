#include "tests/feed/feed_fixture.hpp"

#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>

#include "bus/durable/reader_open.hpp"
#include "event_generated.h"
#include "producer_shim/feed/database.hpp"
#include "tests/support/wait_until.hpp"

namespace ringside::feed::test {

Row row_of(std::uint32_t k, std::uint32_t i) {
  return {.episode = "episode-" + std::to_string(i),
          .host = "host-" + std::to_string(i % 7),
          .profile = "profile-" + std::to_string(i % 3),
          .x = static_cast<float>(k),
          .y = static_cast<float>(i) / 8,
          .z = -static_cast<float>(i) / 4,
          .phase = static_cast<std::int32_t>(i % 10),
          .predicted = static_cast<std::int32_t>(i % 11),
          .cluster = static_cast<std::int32_t>(i % 5),
          .is_train = i % 4 != 0};
}

std::vector<Row> rows_of(std::uint32_t k, std::uint32_t count) {
  std::vector<Row> rows;
  for (std::uint32_t i = 0; i < count; ++i) rows.push_back(row_of(k, i));
  return rows;
}

std::string fit_sql(std::uint32_t k, std::uint32_t count, const std::string& replaced) {
  return "SELECT *" + (replaced.empty() ? "" : " REPLACE (" + replaced + ")") +
         " FROM (SELECT 'episode-' || i AS episode_id, 'host-' || (i % 7) AS host_id, "
         "'profile-' || (i % 3) AS profile, " +
         std::to_string(k) +
         "::DOUBLE AS x, i / 8::DOUBLE AS y, -i / 4::DOUBLE AS z, i % 10 AS phase_int, "
         "i % 11 AS predicted_int, i % 5 AS cluster, i % 4 != 0 AS is_train "
         "FROM range(" +
         std::to_string(count) + ") t(i))";
}

void write_parquet(const std::filesystem::path& path, const std::string& sql,
                   const std::string& options) {
  auto database = Database::open();
  if (!database) throw std::runtime_error(database.error().message);
  auto rows = database->query("COPY (" + sql + ") TO '" + path.string() + "' (FORMAT parquet" +
                              options + ")");
  if (!rows) throw std::runtime_error(rows.error().message);
  while (true) {
    const auto chunk = rows->next();
    if (!chunk) throw std::runtime_error(chunk.error().message);
    if (chunk->is_end()) return;
  }
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void put_content(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

void replace_content(const std::filesystem::path& path, const std::string& content) {
  std::filesystem::path beside = path;
  beside += ".new";
  put_content(beside, content);
  std::filesystem::rename(beside, path);
}

Batch decode(const Record& record) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(record.payload.data());
  flatbuffers::Verifier verifier(bytes, record.payload.size());
  if (!VerifyEventBuffer(verifier)) throw std::runtime_error("an event that does not verify");
  const EmbeddingBatch* const batch = GetEvent(bytes)->body_as_EmbeddingBatch();
  if (batch == nullptr) throw std::runtime_error("an event that is no batch");
  Batch result{.sequence = record.sequence,
               .cycle = batch->slot()->cycle(),
               .index = batch->slot()->index(),
               .total = batch->slot()->total(),
               .rows = {}};
  for (const Point* point : *batch->points())
    result.rows.push_back({.episode = batch->episodes()->Get(point->episode())->str(),
                           .host = batch->hosts()->Get(point->host())->str(),
                           .profile = batch->profiles()->Get(point->profile())->str(),
                           .x = point->x(),
                           .y = point->y(),
                           .z = point->z(),
                           .phase = point->phase_int(),
                           .predicted = point->predicted_int(),
                           .cluster = point->cluster(),
                           .is_train = point->is_train()});
  return result;
}

std::vector<std::string> Workplace::command(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all{RINGSIDE_BIN "/ringside-feed", file.string(), "--bus", bus.string()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

support::Outcome Workplace::run(const std::vector<std::string>& arguments) const {
  return support::run_command(command(arguments));
}

support::Process Workplace::watch(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = command(arguments);
  all.emplace_back("--watch");
  return support::Process(
      {.command = all, .environment = {}, .errors = (directory.path() / "errors").string()});
}

std::vector<Batch> Workplace::batches() const {
  std::vector<Batch> batches;
  const auto reader = open_reader(Bus(bus), {"embedding", "feed"});
  if (!reader) return batches;
  RecordCopier copier(*reader, reader->seek({}));
  while (true) {
    switch (copier.next()) {
      case RunOutcome::run:
        batches.push_back(decode(copier.record()));
        break;
      case RunOutcome::gap:
        batches.clear();
        break;
      case RunOutcome::nothing:
        return batches;
      case RunOutcome::damaged:
      case RunOutcome::corrupt:
        throw std::runtime_error("a segment that contradicts itself");
    }
  }
}

std::vector<Row> Workplace::rows() const {
  std::vector<Row> rows;
  for (const Batch& batch : batches())
    rows.insert(rows.end(), batch.rows.begin(), batch.rows.end());
  return rows;
}

std::optional<Epoch> Workplace::epoch() const {
  const auto reader = open_reader(Bus(bus), {"embedding", "feed"});
  if (!reader) return {};
  return reader->epoch();
}

bool Workplace::shows(std::uint32_t k, std::uint32_t count) const {
  return support::wait_until([&] { return rows() == rows_of(k, count); });
}

bool Workplace::says(const std::string& text, std::size_t times) const {
  return support::wait_until([&] { return count_of(errors(), text) >= times; });
}

std::size_t count_of(const std::string& all, const std::string& text) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = all.find(text, at)) != std::string::npos; at += text.size())
    ++count;
  return count;
}

}  // namespace ringside::feed::test
