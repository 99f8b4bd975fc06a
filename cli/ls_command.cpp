// `ringside ls`: the segments of a bus, one a line.
#include <cstdio>
#include <memory>
#include <string>

#include "bus/inspect/discovery.hpp"
#include "bus/inspect/status.hpp"
#include "cli/commands.hpp"
#include "cli/table.hpp"

namespace ringside::cli {
namespace {

void print_table(const std::vector<SegmentStatus>& all) {
  std::size_t width = 7;
  for (const SegmentStatus& status : all) width = std::max(width, status.name.text().size());
  const int columns = static_cast<int>(width);
  std::printf("%-*s  %-15s  %12s  %12s  %10s  %20s  %9s\n", columns, "SEGMENT", "STATE", "OLDEST",
              "NEXT", "EVENTS", "BYTES", "AGE");
  for (const SegmentStatus& status : all) {
    if (!status.fault.empty()) {
      std::printf("%-*s  quarantined: %s\n", columns, status.name.text().c_str(),
                  status.fault.c_str());
      continue;
    }
    const std::string bytes = human_bytes(static_cast<double>(status.bytes)) + " / " +
                              human_bytes(static_cast<double>(status.capacity_bytes));
    std::printf("%-*s  %-15s  %12llu  %12llu  %10llu  %20s  %9s\n", columns,
                status.name.text().c_str(), state_of(status).c_str(),
                static_cast<unsigned long long>(status.window.from.value),
                static_cast<unsigned long long>(status.window.to.value),
                static_cast<unsigned long long>(status.window.count()), bytes.c_str(),
                human_seconds(status.oldest_age_s).c_str());
  }
}

Result<int> ls(const Bus& bus, bool json) {
  RINGSIDE_CHECK(require_bus(bus));
  Discovery discovery(bus);
  RINGSIDE_CHECK(discovery.refresh());
  const std::vector<SegmentStatus> all = status_of(discovery);
  if (json) {
    nlohmann::json list = nlohmann::json::array();
    for (const SegmentStatus& status : all) list.push_back(to_json(status));
    std::puts(list.dump().c_str());
  } else if (all.empty()) {
    report_empty(bus);
  } else {
    print_table(all);
  }
  return 0;
}

}  // namespace

Command add_ls(CLI::App& app) {
  const auto json = std::make_shared<bool>(false);
  CLI::App* parser = app.add_subcommand("ls", "List the segments of the bus");
  parser->add_flag("--json", *json,
                   "Print one JSON array, the same as the dashboard's /v1/segments");
  return {parser, [json](const Bus& bus) { return ls(bus, *json); }};
}

}  // namespace ringside::cli
