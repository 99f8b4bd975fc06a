#include "bench/samples.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ringside::bench {

double Samples::quantile(double share) const {
  std::vector<double> sorted = values_;
  std::sort(sorted.begin(), sorted.end());
  const double rank = std::ceil(share * static_cast<double>(sorted.size()));
  return sorted.at(rank < 1 ? 0 : static_cast<std::size_t>(rank) - 1);
}

void print_table(const std::string& title, const std::string& unit, const std::vector<Row>& rows,
                 std::size_t reference) {
  std::printf("%s\n", title.c_str());
  std::printf("  %-44s %6s  %10s %10s %10s  %8s\n", "", "runs", ("min " + unit).c_str(),
              ("median " + unit).c_str(), ("p99 " + unit).c_str(), "ratio");
  for (const Row& row : rows) {
    if (row.samples.empty()) continue;
    std::printf("  %-44s %6zu  %10.3f %10.3f %10.3f  %8.2f\n", row.name.c_str(),
                row.samples.count(), row.samples.min(), row.samples.median(), row.samples.p99(),
                row.samples.median() / rows.at(reference).samples.median());
  }
}

}  // namespace ringside::bench
