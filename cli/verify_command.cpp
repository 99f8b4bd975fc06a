// `ringside verify`: checks segments byte by byte, read-only, also beside a live producer.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bus/inspect/contents.hpp"
#include "bus/inspect/verify.hpp"
#include "bus/program/run_program.hpp"
#include "bus/program/stop_signal.hpp"
#include "cli/commands.hpp"
#include "cli/table.hpp"
#include "schemas/type_table.hpp"

namespace ringside::cli {
namespace {

/// Nothing here mends a file; its producer does after a restart of the machine.
tl::unexpected<Error> corrupt(const std::string& file, const Segment& segment,
                              const std::string& what) {
  return fail(Errc::corrupt, file, ": ", what,
              segment.is_trusted() ? "; move the file away, and its producer creates a new one"
                                   : "; its producer recovers the intact events when it starts");
}

/// What kind of events the segment says it holds.
std::string schema_text(const Segment& segment) {
  if (segment.schema().empty()) return "no schema";
  const std::array<char, 4>& id = segment.geometry().schema_id;
  const std::string text = printable_id(id);
  return text.empty() ? "schema without an identifier" : "schema " + text;
}

Result<void> verify_file(const std::string& file) {
  RINGSIDE_TRY(const Segment segment, Segment::open(file, Access::read_only));
  // Once it has its name a segment's schema never changes, so it is checked in place.
  if (!segment.schema().empty() && !TypeTable::compile(segment.schema()))
    return corrupt(file, segment,
                   "the schema at offset " + std::to_string(kHeaderBytes) +
                       ": expected a binary FlatBuffers schema of " +
                       std::to_string(segment.schema().size()) +
                       " bytes, found something else (F-8)");
  const Result<Verified> verified = verify(segment);
  if (!verified) return corrupt(file, segment, verified.error().message);
  const SequenceRange& checked = verified->checked;
  const std::string range = checked.count() > 0 ? std::to_string(checked.from.value) + ".." +
                                                      std::to_string(checked.to.value - 1)
                                                : "next is " + std::to_string(checked.to.value);
  const std::string lost = verified->overwritten > 0
                               ? "; " +
                                     human_count(verified->overwritten, "record was", "records") +
                                     " overwritten while reading"
                               : std::string();
  std::printf("%s: intact: %s, %s, %s, %s%s\n", file.c_str(),
              human_count(verified->records(), "record", "records").c_str(), range.c_str(),
              human_count(verified->bytes, "byte", "bytes").c_str(), schema_text(segment).c_str(),
              lost.c_str());
  return {};
}

/// The files that CHANNEL or CHANNEL/PRODUCER means on the bus; none if it has no such segment.
std::vector<std::string> files_on_bus(const std::vector<SegmentName>& segments, const Bus& bus,
                                      const std::string& target) {
  std::vector<std::string> files;
  for (const SegmentName& name : segments)
    if (name.channel == target || name.text() == target)
      files.push_back(bus.segment_path(name).string());
  return files;
}

/// What is written as a path is a file. Anything else is looked for on the bus first, and then as a
/// file.
Result<std::vector<std::string>> files_of(const Bus& bus, const std::string& target) {
  std::error_code ignored;
  const bool is_path =
      target.ends_with(".ring") || target.starts_with('/') || target.starts_with('.');
  if (is_path) return std::vector<std::string>{target};
  const Result<BusContents> contents = contents_of(bus);
  if (contents)
    if (auto found = files_on_bus(contents->segments, bus, target); !found.empty()) return found;
  if (std::filesystem::exists(target, ignored) && !std::filesystem::is_directory(target, ignored))
    return std::vector<std::string>{target};
  RINGSIDE_CHECK(contents);
  RINGSIDE_CHECK(require_bus(bus));
  const auto closed = contents->unreadable.find(target.substr(0, target.find('/')));
  if (closed != contents->unreadable.end()) return tl::unexpected<Error>(closed->second);
  return fail(Errc::not_found, "no segment ", target, " in ", bus.directory().string(),
              ", and no such file; see ringside ls");
}

Result<int> verify_all(const Bus& bus, const std::vector<std::string>& targets) {
  int status = 0;
  for (const std::string& target : targets) {
    const Result<std::vector<std::string>> files = files_of(bus, target);
    if (!files) {
      status = report(files.error());
      continue;
    }
    for (const std::string& file : *files) {
      if (stop_requested()) return 1;
      if (const Result<void> intact = verify_file(file); !intact) status = report(intact.error());
      flush_output();
    }
  }
  return status;
}

}  // namespace

Command add_verify(CLI::App& app) {
  const auto targets = std::make_shared<std::vector<std::string>>();
  CLI::App* parser =
      app.add_subcommand("verify", "Check all bytes of segments, and name the first fault of each");
  parser
      ->add_option("SEGMENT", *targets,
                   "CHANNEL/PRODUCER or CHANNEL of the bus, or a file: what ends in .ring, or "
                   "begins with / or with a dot, is always a file")
      ->required();
  return {parser, [targets](const Bus& bus) { return verify_all(bus, *targets); }};
}

}  // namespace ringside::cli
