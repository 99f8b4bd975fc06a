// What a channel carries: a binary schema, its file identifier, and how an event is checked
// against it.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <vector>

#include "bus/result.hpp"
#include "bus/types.hpp"
#include "schemas/event_parse.hpp"

namespace ringside {

class TypeTable;

/// Immutable, and so shared by any threads.
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
  std::array<char, 4> id() const;

  /// Whether it is the built-in type embedding, however it was given.
  bool is_embedding() const;

  /// Whether `event` is a well-formed FlatBuffer of this type: each offset inside it, each string
  /// ended, the file identifier right.
  bool verify(Bytes event) const {
    return check_ != nullptr ? check_(event) : verify_by_types(event);
  }

  /// Of such events as JSON; points are taken as rows of a saved fit.
  EventParser parser() const;

 private:
  /// The check that flatc generates, of a built-in type.
  using Check = bool (*)(Bytes);
  EventType(Bytes schema, std::shared_ptr<const TypeTable> types, Check check = nullptr)
      : schema_(schema.begin(), schema.end()), types_(std::move(types)), check_(check) {}

  bool verify_by_types(Bytes event) const;
  /// Whether the schema says which of its enums are bit_flags; a .bfbs by flatc does not.
  static Result<EventType> compile(Bytes schema, bool has_attributes);

  std::vector<std::byte> schema_;
  std::shared_ptr<const TypeTable> types_;
  Check check_;
};

}  // namespace ringside
