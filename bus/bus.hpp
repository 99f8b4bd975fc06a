// The bus: a directory with a folder for each channel and a segment file for each producer.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "bus/result.hpp"
#include "bus/types.hpp"

namespace ringside {

class Bus {
 public:
  /// The bus that the user means: `named` (from --bus) if not empty, else $RINGSIDE_BUS, else
  /// /run/ringside where that exists, else /dev/shm/ringside. Touches nothing.
  static Bus locate(std::string_view named);

  explicit Bus(std::filesystem::path directory) : directory_(std::move(directory)) {}

  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path segment_path(const SegmentName& name) const;
  std::filesystem::path doorbell_path() const { return directory_ / ".doorbell"; }

  /// Fails if nobody named this bus, it is the default, and somebody else may have planted it: in
  /// /dev/shm everybody may make a folder. create() and contents_of() ask this first.
  Result<void> check_planted() const;

  /// Makes the directory, and that of a channel; producers call it. Fails with a bad name, or where
  /// the file system does not allow it.
  Result<void> create(const std::string& channel) const;

 private:
  std::filesystem::path directory_;
  bool is_default_ = false;
};

/// Whether `name` can be a channel or a producer: 1 to 64 of A-Z a-z 0-9 . _ -, the first of them
/// neither . nor -. The error says what is wrong with it.
Result<void> check_name(std::string_view what, std::string_view name);

inline constexpr std::string_view kSegmentSuffix = ".ring";
/// The same without a reason.
bool is_name(std::string_view name);

}  // namespace ringside
