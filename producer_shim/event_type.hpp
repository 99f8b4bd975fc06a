// What a channel carries: a binary schema, its file identifier, and how an event is checked
// against it.
#pragma once

#include <array>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "bus/result.hpp"
#include "bus/types.hpp"

namespace ringside {

class EventType {
 public:
  /// The events of schemas/event.fbs: embedding points, single and in batches.
  static EventType embedding();

  /// The synthetic events of schemas/load.fbs.
  static EventType load();

  /// Any schema, given as .bfbs. Fails with bad_argument if it is none, or has no root type.
  static Result<EventType> from_binary_schema(Bytes schema);

  /// The schema in a file: .bfbs, or .fbs, whose includes are looked for beside it. Fails with what
  /// is wrong with it, and where.
  static Result<EventType> from_schema_file(const std::filesystem::path& path);

  Bytes schema() const { return schema_; }
  std::array<char, 4> id() const { return id_; }

  /// Whether it is the built-in type embedding, however it was given.
  bool is_embedding() const { return is_embedding_; }

  /// Whether the schema says which of its enums are bit_flags; a .bfbs by flatc does not, unless it
  /// was made with --bfbs-builtins.
  bool has_attributes() const { return has_attributes_; }

  /// Whether `event` is a well-formed FlatBuffer of this type: each offset inside it, each string
  /// ended, the file identifier right.
  bool verify(Bytes event) const { return verify_(event); }

 private:
  using Verify = std::function<bool(Bytes)>;
  EventType(Bytes schema, std::array<char, 4> id, Verify verify, bool is_embedding = false)
      : schema_(schema.begin(), schema.end()),
        id_(id),
        verify_(std::move(verify)),
        is_embedding_(is_embedding) {}

  std::vector<std::byte> schema_;
  std::array<char, 4> id_;
  Verify verify_;
  bool is_embedding_ = false;
  bool has_attributes_ = false;
};

}  // namespace ringside
