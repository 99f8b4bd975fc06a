// A fit: what the producer of the scatter computes from labelled images, one point an image.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "bus/result.hpp"
#include "event_generated.h"
#include "producer_shim/knn/fashion_mnist.hpp"
#include "producer_shim/knn/progress.hpp"

namespace ringside::knn {

/// The points of a fit, with the string tables that they index.
struct Fit {
  std::vector<std::string> episodes;
  std::vector<std::string> hosts;
  std::vector<std::string> profiles;
  std::vector<Point> points;
};

struct FitOptions {
  unsigned dims = 28;        ///< principal components that neighbours and clusters see, at least 3
  unsigned neighbours = 10;  ///< that vote on a prediction
  unsigned clusters = 10;
  std::uint64_t seed = 1;  ///< of the train/test split and of the clusters' first centres
  unsigned threads = 1;    ///< changes the time only
  std::string host;
  std::string profile;
};

/// How good a fit is.
struct FitFigures {
  std::size_t train_points = 0;
  std::size_t test_points = 0;
  double train_accuracy = 0;  ///< part of the train points predicted right by the others
  double test_accuracy = 0;   ///< part of the test points predicted right
  double variance_explained = 0;
  unsigned cluster_iterations = 0;
  bool clusters_converged = false;
};

struct ComputedFit {
  Fit fit;
  FitFigures figures;
};

/// Computes the fit of `images`: principal components, a split of four train points to one test
/// point, votes and clusters. x, y and z are the first three components, all divided by one number
/// such that they lie within [-1, 1]. The same images, options and machine give the same fit.
Result<ComputedFit> compute_fit(ImageSet images, const FitOptions& options, Progress& progress);

}  // namespace ringside::knn
