#include "schemas/event_parse.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <string_view>
#include <vector>

#include <flatbuffers/flatbuffers.h>

#include "schemas/event_check.hpp"
#include "schemas/json_scalar.hpp"
#include "schemas/json_text.hpp"
#include "schemas/key_order.hpp"
#include "schemas/refusal_words.hpp"

namespace ringside {

using flatbuffers::uoffset_t;
using Kind = JsonText::Kind;
using schema::Base;
using schema::Field;
using schema::Object;
using schema::Shape;
using schema::Type;

/// Builds an event from its leaves to its root, as FlatBuffers has to. False means that it was
/// refused.
class EventParser::Builder {
 public:
  Builder(std::shared_ptr<const TypeTable> types, const std::string& rows)
      : types_(std::move(types)), rows_(rows.empty() ? nullptr : types_->find(rows)) {}

  Result<Bytes> run(const std::string& json) {
    RINGSIDE_CHECK(text_.parse(json));
    fault_.clear();
    path_.clear();
    members_.clear();
    structs_.clear();
    depth_ = 0;
    builder_.Clear();
    if (text_[0].kind != Kind::object)
      return fail(Errc::bad_event, "an event is an object in braces");
    std::uint64_t root = 0;
    if (!table(types_->root(), 0, root)) return fail(Errc::bad_event, fault_);
    const std::string& id = types_->file_identifier();
    builder_.Finish(offset_of(root), id.empty() ? nullptr : id.c_str());
    return Bytes{reinterpret_cast<const std::byte*>(builder_.GetBufferPointer()),
                 builder_.GetSize()};
  }

 private:
  /// A field that an object of the text has.
  struct Member {
    const Field* field = nullptr;
    std::size_t at = 0;      // of its value in the text
    std::uint64_t made = 0;  // the bits of a scalar, where a struct is in structs_, or an offset
  };

  /// One step of the way to a value, for messages.
  struct Step {
    const Field* field = nullptr;
    std::size_t element = kNone;
  };
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  /// No segment takes a larger event, and FlatBuffers' offsets are not far from their end.
  static constexpr std::size_t kLargestEvent = std::size_t{1} << 30;
  static constexpr std::size_t kLargestScalar = 8;

  static flatbuffers::Offset<flatbuffers::Table> offset_of(std::uint64_t made) {
    return static_cast<uoffset_t>(made);
  }

  // ---- refusals

  bool refuse(std::string_view why) {
    fault_.clear();
    for (const Step& step : path_) {
      if (step.field != nullptr && !fault_.empty()) fault_.push_back('.');
      if (step.field != nullptr) fault_.append(step.field->name);
      if (step.element != kNone)
        fault_.append("[").append(std::to_string(step.element)).append("]");
    }
    if (!fault_.empty()) fault_.append(": ");
    fault_.append(why);
    return false;
  }

  bool refuse_value(std::size_t at, std::string_view wanted) {
    return refuse(not_wanted(text_, at, wanted));
  }

  bool missing(const Field& field, std::string_view why) {
    path_.push_back({&field});
    return refuse("missing: " + std::string(why));
  }

  bool has_room(std::size_t bytes) {
    return builder_.GetSize() + bytes < kLargestEvent || refuse("an event of more than 1 GiB");
  }

  /// Calls `take` for each element of a list, with its number and where it stands.
  template <class Take>
  bool for_each(std::size_t list, const Take& take) {
    path_.emplace_back();
    std::size_t value = list + 1;
    for (std::size_t i = 0; i < text_[list].size; ++i, value = text_[value].end) {
      path_.back().element = i;
      if (!take(i, value)) return false;
    }
    path_.pop_back();
    return true;
  }

  // ---- what stands in place

  bool scalar(const Type& type, std::size_t at, std::uint64_t& bits) {
    const std::string why = read_scalar(text_, at, type, bits);
    return why.empty() || refuse(why);
  }

  bool structure(const Object& object, std::size_t at, std::uint8_t* to) {
    if (text_[at].kind != Kind::object) return refuse_value(at, "an object");
    const std::size_t first = members_.size();
    if (!collect(object, at)) return false;
    if (members_.size() - first != object.fields.size()) {
      for (const Field* const field : object.by_name)
        if (!is_there(first, *field)) return missing(*field, "a struct has all of its fields");
    }
    for (std::size_t i = first; i < members_.size(); ++i) {
      const Member member = members_[i];
      path_.push_back({member.field});
      if (!in_struct(member.field->type, member.at, to + member.field->offset)) return false;
      path_.pop_back();
    }
    members_.resize(first);
    return true;
  }

  bool in_struct(const Type& type, std::size_t at, std::uint8_t* to) {
    if (type.shape == Shape::single) return in_place(type, at, to);
    if (text_[at].kind != Kind::list) return refuse_value(at, "a list");
    if (text_[at].size != type.length)
      return refuse("a list of " + std::to_string(type.length) + " is wanted, not one of " +
                    std::to_string(text_[at].size));
    return elements(type, at, to);
  }

  bool in_place(const Type& type, std::size_t at, std::uint8_t* to) {
    if (type.base == Base::structure) return structure(*type.object, at, to);
    std::uint64_t bits = 0;
    if (!scalar(type, at, bits)) return false;
    std::memcpy(to, &bits, type.size);  // little-endian, as segments are
    return true;
  }

  /// The elements of a list, one after the other.
  bool elements(const Type& type, std::size_t at, std::uint8_t* to) {
    return for_each(at, [&](std::size_t i, std::size_t value) {
      return in_place(type, value, to + i * type.size);
    });
  }

  // ---- tables

  bool is_there(std::size_t first, const Field& field) const {
    return std::any_of(members_.begin() + static_cast<std::ptrdiff_t>(first), members_.end(),
                       [&](const Member& member) { return member.field == &field; });
  }

  /// Whether null is as if the field were left out: where it may be, and null cannot be a value.
  bool is_absent(const Object& object, const Member& member) const {
    if (text_[member.at].kind != Kind::null) return false;
    const Type& type = member.field->type;
    return member.field->is_optional || !type.is_scalar() || type.base == Base::union_type ||
           (&object == rows_ && type.base == Base::i32);
  }

  /// The members of an object of the text, without those that are as if they were left out.
  bool collect(const Object& object, std::size_t at) {
    const std::size_t first = members_.size();
    for (std::size_t key = at + 1; key < text_[at].end; key = text_[key + 1].end) {
      const std::string_view name = text_.text(key);
      const Field* const field = object.find(name);
      if (field == nullptr || field->is_deprecated)
        return refuse(in_quotes(name) + ": no such field; there are " + names_of(object) +
                      hint_for(object, name));
      if (is_there(first, *field)) return refuse(field->name + ": given twice");
      members_.push_back({.field = field, .at = key + 1});
    }
    if (object.is_struct) return true;
    const auto left =
        std::remove_if(members_.begin() + static_cast<std::ptrdiff_t>(first), members_.end(),
                       [&](const Member& member) { return is_absent(object, member); });
    members_.erase(left, members_.end());
    return true;
  }

  bool table(const Object& object, std::size_t at, std::uint64_t& made) {
    if (text_[at].kind != Kind::object) return refuse_value(at, "an object");
    if (++depth_ > kDeepestEvent)
      return refuse("nested deeper than " + std::to_string(kDeepestEvent) + " tables");
    const std::size_t first = members_.size();
    const std::size_t first_struct = structs_.size();
    if (!collect(object, at)) return false;
    for (const Field* const field : object.by_name)
      if (field->is_required && !is_there(first, *field))
        return missing(*field, "it must be there");
    for (std::size_t i = first; i < members_.size(); ++i) {
      Member member = members_[i];
      path_.push_back({member.field});
      if (!(&object == rows_ ? row_member(member) : table_member(first, member))) return false;
      path_.pop_back();
      members_[i] = member;
    }
    made = finish_table(first);
    members_.resize(first);
    structs_.resize(first_struct);
    --depth_;
    return true;
  }

  bool table_member(std::size_t first, Member& member) {
    const Type& type = member.field->type;
    if (type.shape == Shape::vector) return vector(first, member);
    if (type.is_scalar()) return scalar(type, member.at, member.made);
    if (type.base == Base::structure) {
      // It lies in the table itself.
      member.made = structs_.size();
      structs_.resize(structs_.size() + type.size);
      return structure(*type.object, member.at, structs_.data() + member.made);
    }
    if (type.base != Base::union_value) return outside(type, member.at, member.made);
    const Member* const kind = type_of(first, *member.field);
    return kind == nullptr ? untyped(*member.field)
                           : union_value(type, kind->at, member.at, member.made);
  }

  /// Likewise, as a row of a saved fit has it.
  bool row_member(Member& member) {
    const Type& type = member.field->type;
    if (!type.is_scalar() && type.base != Base::string) return table_member(0, member);
    std::string number;
    const std::string why = read_column(text_, member.at, type, member.made, number);
    if (!why.empty()) return refuse(why);
    if (type.base != Base::string) return true;
    if (number.empty()) return string(member.at, member.made);
    member.made = builder_.CreateString(number).o;
    return true;
  }

  /// The largest first, as flatc does, so that little is lost to their alignment.
  uoffset_t finish_table(std::size_t first) {
    const uoffset_t start = builder_.StartTable();
    constexpr std::array<std::size_t, 4> kSizes = {8, 4, 2, 1};
    for (const std::size_t size : kSizes)
      for (std::size_t i = first; i < members_.size(); ++i) add(members_[i], size);
    return builder_.EndTable(start);
  }

  /// Unless it is of another size; a structure is as large as any.
  void add(const Member& member, std::size_t size) {
    const Type& type = member.field->type;
    const bool is_struct = type.shape == Shape::single && type.base == Base::structure;
    const std::size_t own = is_struct ? kLargestScalar : type.is_scalar() ? type.size : 4;
    if (own != size) return;
    if (!is_struct && !type.is_scalar())
      return builder_.AddOffset(member.field->offset, offset_of(member.made));
    // Bit by bit: -0.0 is not the default 0.0.
    if (!is_struct && !member.field->is_optional && member.made == member.field->default_bits)
      return;
    builder_.Align(type.alignment);
    builder_.PushBytes(is_struct ? structs_.data() + member.made
                                 : reinterpret_cast<const std::uint8_t*>(&member.made),
                       type.size);
    builder_.AddStructOffset(member.field->offset, builder_.GetSize());
  }

  // ---- what lies outside its table

  bool string(std::size_t at, std::uint64_t& made) {
    if (text_[at].kind != Kind::text) return refuse_value(at, "a text");
    const std::string_view text = text_.text(at);
    if (!has_room(text.size())) return false;
    made = builder_.CreateString(text.data(), text.size()).o;
    return true;
  }

  /// A string, a table, or a structure of a union.
  bool outside(const Type& type, std::size_t at, std::uint64_t& made) {
    if (type.base == Base::string) return string(at, made);
    if (type.base == Base::table) return table(*type.object, at, made);
    std::vector<std::uint8_t> bytes(type.size);
    if (!structure(*type.object, at, bytes.data())) return false;
    builder_.StartStruct(type.alignment);
    builder_.PushBytes(bytes.data(), bytes.size());
    made = builder_.EndStruct();
    return true;
  }

  bool vector(std::size_t first, Member& member) {
    if (text_[member.at].kind != Kind::list) return refuse_value(member.at, "a list");
    const Type& type = member.field->type;
    if (!type.is_in_place()) return offsets(first, member);
    const std::size_t count = text_[member.at].size;
    if (!has_room(count * type.size)) return false;
    std::vector<std::uint8_t> bytes(count * type.size);
    if (!elements(type, member.at, bytes.data())) return false;
    if (type.base == Base::structure) sort_by_key(*type.object, bytes);
    // Bytes may be a buffer of their own, which their reader takes for aligned.
    if (type.size == 1) builder_.ForceVectorAlignment(count, 1, kLargestScalar);
    builder_.StartVector(bytes.size() / type.alignment, type.alignment);
    builder_.PushBytes(bytes.data(), bytes.size());
    member.made = builder_.EndVector(count);
    return true;
  }

  bool offsets(std::size_t first, Member& member) {
    const Type& type = member.field->type;
    std::vector<uoffset_t> made(text_[member.at].size);
    const Member* types = nullptr;
    if (type.base == Base::union_value) {
      types = type_of(first, *member.field);
      if (types == nullptr) return untyped(*member.field);
      if (text_[types->at].kind != Kind::list || text_[types->at].size != made.size())
        return refuse("a list of " + std::to_string(made.size()) +
                      " types is wanted beside it, in " + types->field->name);
    }
    const std::size_t first_type = types == nullptr ? 0 : types->at + 1;
    const auto element = [&](std::size_t i, std::size_t at) {
      std::uint64_t offset = 0;
      const bool is_good = first_type == 0 ? outside(type, at, offset)
                                           : union_value(type, first_type + i, at, offset);
      made[i] = static_cast<uoffset_t>(offset);
      return is_good;
    };
    if (!for_each(member.at, element)) return false;
    if (type.base == Base::table) sort_by_key(*type.object, builder_, made);
    if (!has_room(made.size() * sizeof(uoffset_t))) return false;
    builder_.StartVector(made.size(), sizeof(uoffset_t));
    for (std::size_t i = made.size(); i > 0;) builder_.PushElement(offset_of(made[--i]));
    member.made = builder_.EndVector(made.size());
    return true;
  }

  // ---- unions

  /// The member of the same table that is the type of a union, whose field is right before its own.
  const Member* type_of(std::size_t first, const Field& field) const {
    const auto found =
        std::find_if(members_.begin() + static_cast<std::ptrdiff_t>(first), members_.end(),
                     [&](const Member& one) { return one.field + 1 == &field; });
    return found == members_.end() ? nullptr : &*found;
  }

  bool untyped(const Field& field) {
    return refuse("its type, " + field.name + "_type, is missing");
  }

  /// One value of a union whose type stands at `type_at`.
  bool union_value(const Type& type, std::size_t type_at, std::size_t at, std::uint64_t& made) {
    const Type kind = {.base = Base::union_type, .names = type.names};
    std::uint64_t chosen = 0;
    if (!scalar(kind, type_at, chosen)) return false;
    if (chosen == 0) return refuse("its type is NONE, so that nothing can be here");
    return outside(type.names->find(chosen)->type, at, made);
  }

  const std::shared_ptr<const TypeTable> types_;
  const Object* const rows_;
  JsonText text_;
  flatbuffers::FlatBufferBuilder builder_;
  std::vector<Member> members_;  // of all objects that are open
  std::vector<std::uint8_t> structs_;
  std::vector<Step> path_;
  std::size_t depth_ = 0;
  std::string fault_;
};

EventParser::EventParser(std::shared_ptr<const TypeTable> types, const std::string& rows)
    : builder_(std::make_unique<Builder>(std::move(types), rows)) {}
EventParser::EventParser(EventParser&&) noexcept = default;
EventParser& EventParser::operator=(EventParser&&) noexcept = default;
EventParser::~EventParser() = default;

Result<Bytes> EventParser::parse(const std::string& json) {
  return builder_->run(json);
}

}  // namespace ringside
