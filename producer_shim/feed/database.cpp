#include "producer_shim/feed/database.hpp"

#include <algorithm>
#include <array>
#include <thread>

namespace ringside::feed {
namespace {

/// More threads than this gain little: a fit has a few row groups at most.
constexpr unsigned kMaxThreads = 4;

class Statement {
 public:
  Statement() = default;
  ~Statement() { duckdb_destroy_prepare(&statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  duckdb_prepared_statement get() const { return statement_; }
  duckdb_prepared_statement* out() { return &statement_; }

 private:
  duckdb_prepared_statement statement_ = nullptr;
};

}  // namespace

tl::unexpected<Error> duckdb_failure(const char* message) {
  // An internal error goes on with a stack trace.
  constexpr std::size_t kLongest = 300;
  const std::string_view text = message == nullptr ? "DuckDB gives no reason" : message;
  std::string line(text.substr(0, std::min(text.find('\n'), kLongest)));
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  return fail(Errc::corrupt, line);
}

Chunk::Chunk(duckdb_data_chunk chunk) : chunk_(chunk) {
  if (chunk_ == nullptr) return;
  rows_ = duckdb_data_chunk_get_size(chunk_);
  const std::size_t count = duckdb_data_chunk_get_column_count(chunk_);
  columns_.reserve(count);
  for (std::size_t column = 0; column < count; ++column) {
    duckdb_vector values = duckdb_data_chunk_get_vector(chunk_, column);
    columns_.push_back({duckdb_vector_get_data(values), duckdb_vector_get_validity(values)});
  }
}

Result<Chunk> Rows::next() {
  Chunk chunk(duckdb_fetch_chunk(*result_));
  if (chunk.is_end()) {
    const char* const message = duckdb_result_error(result_.get());
    if (message != nullptr && *message != '\0') return duckdb_failure(message);
  }
  return chunk;
}

Result<Database> Database::open() {
  const std::string threads =
      std::to_string(std::clamp(std::thread::hardware_concurrency(), 1U, kMaxThreads));
  // Nothing is fetched from elsewhere, and nothing is spilled beside the user's files.
  const std::array<std::array<const char*, 2>, 4> settings{
      {{"threads", threads.c_str()},
       {"autoinstall_known_extensions", "false"},
       {"autoload_known_extensions", "false"},
       {"temp_directory", ""}}};
  duckdb_config config = nullptr;
  if (duckdb_create_config(&config) != DuckDBSuccess)
    return duckdb_failure("DuckDB makes no configuration");
  for (const auto& [name, value] : settings) {
    if (duckdb_set_config(config, name, value) == DuckDBSuccess) continue;
    duckdb_destroy_config(&config);
    return duckdb_failure((std::string("this DuckDB does not know the setting ") + name).c_str());
  }
  Database opened;
  char* message = nullptr;
  const duckdb_state state = duckdb_open_ext(nullptr, &opened.database_, config, &message);
  duckdb_destroy_config(&config);
  if (state != DuckDBSuccess) {
    auto failure = duckdb_failure(message);
    duckdb_free(message);
    return failure;
  }
  if (duckdb_connect(opened.database_, &opened.connection_) != DuckDBSuccess)
    return duckdb_failure("DuckDB does not connect to its own memory");
  return opened;
}

Database::~Database() {
  if (connection_ != nullptr) duckdb_disconnect(&connection_);
  if (database_ != nullptr) duckdb_close(&database_);
}

Result<Rows> Database::query(const std::string& sql, const std::string& parameter) {
  Statement statement;
  if (duckdb_prepare(connection_, sql.c_str(), statement.out()) != DuckDBSuccess)
    return duckdb_failure(duckdb_prepare_error(statement.get()));
  if (duckdb_nparams(statement.get()) == 1 &&
      duckdb_bind_varchar_length(statement.get(), 1, parameter.data(), parameter.size()) !=
          DuckDBSuccess)
    return duckdb_failure(duckdb_prepare_error(statement.get()));
  duckdb_result result{};
  const duckdb_state state = duckdb_execute_prepared_streaming(statement.get(), &result);
  Rows rows(result);
  if (state != DuckDBSuccess) return duckdb_failure(duckdb_result_error(&result));
  return rows;
}

}  // namespace ringside::feed
