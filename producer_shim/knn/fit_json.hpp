// A fit as one JSON object, beside the Parquet file of the same name: what a page falls back to.
//
//   {"format": "ringside-fit", "version": 1, "rows": 2, "columns": {
//     "episode_id": ["train-00000", "train-00001"], "host_id": [...], "profile": [...],
//     "x": [0.5, -0.25], "y": [...], "z": [...], "phase_int": [3, 4], "predicted_int": [...],
//     "cluster": [...], "is_train": [true, false]}}
//
// The columns have the names and the order of the Parquet file, and as many values as there are
// rows.
#pragma once

#include <filesystem>
#include <string>

#include "bus/result.hpp"
#include "producer_shim/knn/fit.hpp"

namespace ringside::knn {

/// `knn_v1.json` for `knn_v1.parquet`.
std::filesystem::path json_beside(const std::filesystem::path& fit);

/// Numbers are written so that they read back as the same floats.
std::string encode_json(const Fit& fit);

/// Replaces `path` atomically (atomic_file.hpp).
Result<void> write_json(const std::filesystem::path& path, const Fit& fit);

}  // namespace ringside::knn
