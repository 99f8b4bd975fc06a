#include "producer_shim/knn/fit_json.hpp"

#include <array>
#include <charconv>
#include <string_view>

#include <nlohmann/json.hpp>

#include "producer_shim/atomic_file.hpp"

namespace ringside::knn {
namespace {

template <class Number>
std::string number_text(Number value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), end};
}

/// A host's name need not be UTF-8, and JSON must be.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<std::string> all_quoted(const std::vector<std::string>& texts) {
  std::vector<std::string> result;
  result.reserve(texts.size());
  for (const std::string& text : texts) result.push_back(quoted(text));
  return result;
}

/// Appends one column: `text_of(point)` for each.
template <class TextOf>
void add_column(std::string& json, std::string_view name, const std::vector<Point>& points,
                TextOf text_of) {
  if (json.back() != '{') json += ",\n";
  json.append("\"").append(name).append("\":[");
  std::string_view separator;
  for (const Point& point : points) {
    json.append(separator).append(text_of(point));
    separator = ",";
  }
  json += ']';
}

}  // namespace

std::filesystem::path json_beside(const std::filesystem::path& fit) {
  return std::filesystem::path(fit).replace_extension(".json");
}

std::string encode_json(const Fit& fit) {
  const std::vector<std::string> episodes = all_quoted(fit.episodes);
  const std::vector<std::string> hosts = all_quoted(fit.hosts);
  const std::vector<std::string> profiles = all_quoted(fit.profiles);
  const std::vector<Point>& points = fit.points;
  std::string json = R"({"format":"ringside-fit","version":1,"rows":)" +
                     std::to_string(points.size()) + R"(,"columns":{)";
  json.reserve(points.size() * 128 + json.size());
  add_column(json, "episode_id", points,
             [&](const Point& point) -> const std::string& { return episodes[point.episode()]; });
  add_column(json, "host_id", points,
             [&](const Point& point) -> const std::string& { return hosts[point.host()]; });
  add_column(json, "profile", points,
             [&](const Point& point) -> const std::string& { return profiles[point.profile()]; });
  add_column(json, "x", points, [](const Point& point) { return number_text(point.x()); });
  add_column(json, "y", points, [](const Point& point) { return number_text(point.y()); });
  add_column(json, "z", points, [](const Point& point) { return number_text(point.z()); });
  add_column(json, "phase_int", points,
             [](const Point& point) { return number_text(point.phase_int()); });
  add_column(json, "predicted_int", points,
             [](const Point& point) { return number_text(point.predicted_int()); });
  add_column(json, "cluster", points,
             [](const Point& point) { return number_text(point.cluster()); });
  add_column(json, "is_train", points,
             [](const Point& point) { return point.is_train() ? "true" : "false"; });
  return json.append("}}\n");
}

Result<void> write_json(const std::filesystem::path& path, const Fit& fit) {
  const std::string json = encode_json(fit);
  return replace_file(path, {reinterpret_cast<const std::uint8_t*>(json.data()), json.size()});
}

}  // namespace ringside::knn
