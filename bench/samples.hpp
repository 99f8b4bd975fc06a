// Durations of one contender, and the table that compares them.
#pragma once

#include <string>
#include <vector>

namespace ringside::bench {

class Samples {
 public:
  void add(double value) { values_.push_back(value); }
  bool empty() const { return values_.empty(); }
  std::size_t count() const { return values_.size(); }
  double min() const { return quantile(0); }
  double median() const { return quantile(0.5); }
  double p99() const { return quantile(0.99); }

  /// The value below which `share` of all lie (nearest rank).
  double quantile(double share) const;

 private:
  std::vector<double> values_;
};

struct Row {
  std::string name;
  Samples samples;
};

/// One line a row: min, median, p99, and the ratio of its median to that of `reference`, which is
/// the row's index.
void print_table(const std::string& title, const std::string& unit, const std::vector<Row>& rows,
                 std::size_t reference);

}  // namespace ringside::bench
