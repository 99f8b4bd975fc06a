// What a client asks of /v1/stream: the target of its request, percent escapes, starts and resume
// tokens.
//
// The input is the target.
//
// Holds: a target is refused if and only if one of its escapes is broken, and means the same with
// every byte escaped; what is accepted of a query is within its limits, names only what can be a
// name, and means the same when it is written out and parsed again; a token is taken if and only if
// it is 16 hex digits, a colon and a number of 64 bits; a refusal is one line.
#include <string>

#include "bus/bus.hpp"
#include "dashboard_reader/http/target.hpp"
#include "dashboard_reader/stream/stream_query.hpp"
#include "tests/fuzz/check.hpp"

namespace {

using namespace ringside;
using namespace ringside::dashboard;
using fuzz::must_hold;

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool escapes_are_good(std::string_view text) {
  for (std::size_t i = text.find('%'); i != std::string_view::npos; i = text.find('%', i + 3)) {
    if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
    if (text.substr(i + 1, 2) == "00") return false;
    // An escape ends where its part of the target does: no separator is a hex digit.
  }
  return true;
}

std::string escaped(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789aBcDeF";
  std::string all;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    all.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
  }
  return all;
}

std::string escaped(const Target& target) {
  std::string text = escaped(target.path) + "?";
  for (const auto& [name, value] : target.query)
    text.append(escaped(name)).append("=").append(escaped(value)).append("&");
  return text;
}

bool is_u64(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return false;
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  return text.size() < 20 || (text.size() == 20 && text <= "18446744073709551615");
}

/// A list of tokens, of which the last may end in a comma.
bool tokens_are_good(std::string_view text) {
  while (!text.empty()) {
    const std::string_view token = text.substr(0, text.find(','));
    if (token.size() < 18 || token[16] != ':' || !is_u64(token.substr(17)) ||
        !std::all_of(token.begin(), token.begin() + 16, is_hex))
      return false;
    text.remove_prefix(std::min(token.size() + 1, text.size()));
  }
  return true;
}

std::string text_of(const Start& start) {
  const std::string value = std::to_string(start.value);
  switch (start.kind) {
    case Start::Kind::oldest:
      return "oldest";
    case Start::Kind::latest:
      return "latest";
    case Start::Kind::last:
      return "last:" + value;
    case Start::Kind::seq:
      return "seq:" + value;
    case Start::Kind::since:
      return "since:" + value + "ns";
  }
  return {};
}

std::map<std::string, std::string> text_of(const StreamQuery& query) {
  std::string channels;
  for (const std::string& channel : query.channels) channels.append(channel).append(",");
  std::string resume;
  for (const auto& [epoch, next] : query.resume)
    resume.append(to_hex(epoch)).append(":").append(std::to_string(next.value)).append(",");
  return {{"channels", channels},
          {"from", text_of(query.from)},
          {"resume", resume},
          {"max_message", std::to_string(query.max_message)}};
}

bool same(const StreamQuery& a, const StreamQuery& b) {
  return a.channels == b.channels && a.from.kind == b.from.kind && a.from.value == b.from.value &&
         a.resume == b.resume && a.max_message == b.max_message;
}

void check_query(const std::map<std::string, std::string>& asked) {
  const auto tokens = asked.find("resume");
  if (tokens != asked.end())
    must_hold(parse_stream_query({*tokens}).has_value() == tokens_are_good(tokens->second),
              "a token is an epoch and a sequence");
  const Result<StreamQuery> query = parse_stream_query(asked);
  if (!query) {
    const Error& error = query.error();
    must_hold(error.code == Errc::bad_argument || error.code == Errc::bad_name,
              "what is refused is the client's to mend");
    must_hold(!error.message.empty() && error.message.find('\n') == std::string::npos,
              "a refusal is one line");
    return;
  }
  must_hold(query->max_message >= 4096 && query->max_message <= 16'777'216,
            "a message is within its limits");
  for (const std::string& channel : query->channels)
    must_hold(check_name("channel", channel).has_value() && query->wants(channel),
              "a channel has a channel's name");
  const Result<StreamQuery> again = parse_stream_query(text_of(*query));
  must_hold(again.has_value() && same(*query, *again), "what is written out means the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::Input(data, size).take_text();
  const Result<Target> target = parse_target(text);
  must_hold(target.has_value() == escapes_are_good(text), "a target's escapes are all good or not");
  if (!target) return 0;
  const bool has_nul = text.find('\0') != std::string_view::npos;
  if (!has_nul) {
    const Result<Target> again = parse_target(escaped(*target));
    must_hold(again.has_value() && again->path == target->path && again->query == target->query,
              "escapes change nothing");
  }
  check_query(target->query);
  return 0;
}
