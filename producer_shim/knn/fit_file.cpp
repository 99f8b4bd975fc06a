#include "producer_shim/knn/fit_file.hpp"

#include <fstream>
#include <string>
#include <system_error>

#include "producer_shim/atomic_file.hpp"
#include "producer_shim/knn/parquet_fit.hpp"

namespace ringside::knn {
namespace {

Result<std::vector<std::uint8_t>> read_bytes(const std::filesystem::path& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return fail_errno(error.value(), "cannot read the fit " + path.string());
  // What is larger is no fit; SavedFit would say so, but there is no need to read it.
  if (size > kMaxSavedFitBytes)
    return fail(Errc::too_large, "cannot use ", path.string(),
                " as a fit: it is larger than 2 GiB");
  std::ifstream file(path, std::ios::binary);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file) return fail_errno(errno == 0 ? EIO : errno, "cannot read the fit " + path.string());
  return bytes;
}

}  // namespace

std::vector<std::uint8_t> encode_fit(const Fit& fit) {
  flatbuffers::FlatBufferBuilder builder(fit.points.size() * 64 + 4096);
  // Buffers are built from the end, so the points come last in the file, and their 32 bytes leave
  // no padding after them: a file that lost its end always lost a point and fails its check.
  const auto points = builder.CreateVectorOfStructs(fit.points);
  const auto episodes = builder.CreateVectorOfStrings(fit.episodes);
  const auto hosts = builder.CreateVectorOfStrings(fit.hosts);
  const auto profiles = builder.CreateVectorOfStrings(fit.profiles);
  const CycleSlot slot(0, 0, static_cast<std::uint32_t>(fit.points.size()));
  const auto batch =
      CreateEmbeddingBatch(builder, &slot, episodes, hosts, profiles, points).Union();
  FinishEventBuffer(builder, CreateEvent(builder, BodyTraits<EmbeddingBatch>::enum_value, batch));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

Result<void> check_writable(const std::filesystem::path& path) {
  if (!is_parquet(path) && path.extension() != ".fit")
    return fail(Errc::bad_argument, "cannot save a fit as ", path.string(),
                ": name a .parquet or a .fit; the same as .json is written beside it");
  RINGSIDE_CHECK(check_replaceable(path));
  return is_parquet(path) ? check_parquet(path) : Result<void>();
}

Result<void> write_fit(const std::filesystem::path& path, const Fit& fit) {
  const std::vector<std::uint8_t> bytes = encode_fit(fit);
  return is_parquet(path) ? write_parquet(path, bytes) : replace_file(path, bytes);
}

Result<SavedFit> read_fit(const std::filesystem::path& path) {
  RINGSIDE_TRY(auto bytes, is_parquet(path) ? read_parquet(path) : read_bytes(path));
  Result<SavedFit> fit = SavedFit::from_bytes(std::move(bytes));
  if (!fit)
    return fail(fit.error().code, "cannot use ", path.string(), " as a fit: ", fit.error().message,
                "; make a new one with ringside-knn produce --fit-out FILE");
  return fit;
}

}  // namespace ringside::knn
