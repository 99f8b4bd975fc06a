// A point of points.tsv, and its line: floats as eight hex digits of their bits, so that nothing is
// lost or added on the way.
#pragma once

#include <bit>
#include <cstdint>
#include <cstdio>
#include <sstream>
#include <string>
#include <string_view>

#include "producer_shim/embedding.hpp"

namespace ringside::languages {

/// Owns the texts that its point names.
struct Line {
  std::string episode, host, profile;
  EmbeddingPoint numbers;

  EmbeddingPoint point() const {
    EmbeddingPoint all = numbers;
    all.episode_id = episode;
    all.host_id = host;
    all.profile = profile;
    return all;
  }
};

inline Line parse(const std::string& text) {
  Line line;
  std::istringstream columns(text);
  std::string column;
  const auto next = [&]() -> const std::string& {
    std::getline(columns, column, '\t');
    return column;
  };
  const auto next_float = [&] {
    return std::bit_cast<float>(static_cast<std::uint32_t>(std::stoul(next(), nullptr, 16)));
  };
  line.episode = next();
  line.host = next();
  line.profile = next();
  line.numbers.x = next_float();
  line.numbers.y = next_float();
  line.numbers.z = next_float();
  line.numbers.phase_int = std::stoi(next());
  line.numbers.predicted_int = std::stoi(next());
  line.numbers.cluster = std::stoi(next());
  line.numbers.is_train = next() == "1";
  return line;
}

inline void print(const EmbeddingPoint& point) {
  const auto text = [](std::string_view one) {
    std::fwrite(one.data(), 1, one.size(), stdout);
    std::fputc('\t', stdout);
  };
  text(point.episode_id);
  text(point.host_id);
  text(point.profile);
  for (const float value : {point.x, point.y, point.z})
    std::printf("%08x\t", std::bit_cast<std::uint32_t>(value));
  std::printf("%d\t%d\t%d\t%d\n", point.phase_int, point.predicted_int, point.cluster,
              point.is_train ? 1 : 0);
}

}  // namespace ringside::languages
