#include "producer_shim/knn/fit_file.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>

#include "producer_shim/knn/atomic_file.hpp"

namespace ringside::knn {

namespace {

// FlatBuffers' offsets are 32-bit and signed in places.
constexpr std::uintmax_t kMaxFitBytes = FLATBUFFERS_MAX_BUFFER_SIZE - 1;
// An Event and its EmbeddingBatch; a file of ours nests no deeper.
constexpr flatbuffers::uoffset_t kMaxTables = 2;
constexpr flatbuffers::uoffset_t kMaxDepth = 4;

const EmbeddingBatch* find_batch(const std::vector<std::uint8_t>& bytes) {
  return GetEvent(bytes.data())->body_as_EmbeddingBatch();
}

std::string point_fault(std::size_t index, const char* what) {
  return "point " + std::to_string(index) + " " + what;
}

/// What is wrong with a batch whose structure is sound; empty if nothing is.
std::string find_fault(const EmbeddingBatch& batch) {
  const std::size_t count = batch.points()->size();
  const Place* place = batch.place();
  if (count == 0) return "it has no points";
  if (place == nullptr || place->index() != 0 || place->total() != count) {
    return "its place does not span its " + std::to_string(count) + " points";
  }
  for (std::size_t i = 0; i < count; ++i) {
    const Point& point = *batch.points()->Get(static_cast<flatbuffers::uoffset_t>(i));
    if (point.episode() >= batch.episodes()->size()) return point_fault(i, "has no episode");
    if (point.host() >= batch.hosts()->size()) return point_fault(i, "has no host");
    if (point.profile() >= batch.profiles()->size()) return point_fault(i, "has no profile");
    if (!std::isfinite(point.x()) || !std::isfinite(point.y()) || !std::isfinite(point.z())) {
      return point_fault(i, "is not at a finite place");
    }
  }
  return {};
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
  const Place place(0, 0, static_cast<std::uint32_t>(fit.points.size()));
  const auto batch =
      CreateEmbeddingBatch(builder, &place, episodes, hosts, profiles, points).Union();
  FinishEventBuffer(builder, CreateEvent(builder, BodyTraits<EmbeddingBatch>::enum_value, batch));
  return {builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize()};
}

Result<void> write_fit(const std::filesystem::path& path, const Fit& fit) {
  return replace_file(path, encode_fit(fit));
}

Result<SavedFit> SavedFit::from_bytes(std::vector<std::uint8_t> bytes) {
  if (bytes.size() > kMaxFitBytes) return fail(Errc::too_large, "it is larger than 2 GiB");
  flatbuffers::Verifier verifier(bytes.data(), bytes.size(), kMaxDepth, kMaxTables);
  if (!VerifyEventBuffer(verifier)) {
    return fail(Errc::corrupt, "its structure is damaged, or it is another kind of file");
  }
  const EmbeddingBatch* batch = find_batch(bytes);
  if (batch == nullptr) return fail(Errc::corrupt, "it holds another kind of event");
  const std::string fault = find_fault(*batch);
  if (!fault.empty()) return fail(Errc::corrupt, fault);
  return SavedFit(std::move(bytes));
}

const EmbeddingBatch& SavedFit::batch() const {
  return *find_batch(bytes_);
}

Result<SavedFit> read_fit(const std::filesystem::path& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return fail_errno(error.value(), "cannot read the fit " + path.string());
  const auto refuse = [&path](const std::string& reason, Errc code) {
    return fail(code, "cannot use ", path.string(), " as a fit: ", reason,
                "; make a new one with ringside-knn produce --fit-out FILE");
  };
  if (size > kMaxFitBytes) return refuse("it is larger than 2 GiB", Errc::too_large);

  std::ifstream file(path, std::ios::binary);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file) return fail_errno(errno == 0 ? EIO : errno, "cannot read the fit " + path.string());

  Result<SavedFit> fit = SavedFit::from_bytes(std::move(bytes));
  if (!fit) return refuse(fit.error().message, fit.error().code);
  return fit;
}

}  // namespace ringside::knn
