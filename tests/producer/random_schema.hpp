// A schema made at random, as the text of an .fbs file: all that one can have.
#pragma once

#include <random>
#include <string>
#include <vector>

namespace ringside::test {

/// What is drawn at random here, from a seed that says all of it.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}

  /// 0 to below `sides`.
  std::size_t roll(std::size_t sides) { return random_() % sides; }
  bool one_in(std::size_t sides) { return roll(sides) == 0; }
  std::uint64_t bits() { return random_(); }
  template <class Choices>
  const auto& pick(const Choices& choices) {
    return choices[roll(std::size(choices))];
  }

 private:
  std::mt19937_64 random_;
};

class RandomSchema {
 public:
  explicit RandomSchema(Dice& dice);

  const std::string& text() const { return text_; }

 private:
  std::string name(const char* kind);
  std::string scalar();
  void add_enum();
  void add_struct();
  void add_union();
  void add_table(const std::string& name);
  std::string vector_type();
  std::string scalar_field(const std::string& name);

  Dice& dice_;
  std::string text_;
  std::size_t names_ = 0;
  std::vector<std::string> enums_;
  std::vector<std::string> enum_defaults_;
  std::vector<std::string> structs_;
  std::vector<std::string> unions_;
  std::vector<std::string> tables_;
};

}  // namespace ringside::test
