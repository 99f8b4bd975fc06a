#include "producer_shim/knn/fit.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <new>
#include <numeric>
#include <utility>

#include "producer_shim/knn/kmeans.hpp"
#include "producer_shim/knn/pca.hpp"
#include "producer_shim/knn/random.hpp"
#include "producer_shim/knn/vote.hpp"

namespace ringside::knn {

namespace {

/// Says which option asks for more than the images can give.
Result<void> check(const ImageSet& images, const FitOptions& options) {
  const std::size_t train_points = images.count() - images.count() / 5;
  if (images.count() < 2) return fail(Errc::bad_argument, "a fit needs at least two images");
  if (options.dims < 3 || options.dims > images.pixels_per_image) {
    return fail(Errc::bad_argument, "dims must be 3 to ", std::to_string(images.pixels_per_image));
  }
  if (options.neighbours < 1 || options.neighbours >= train_points) {
    return fail(Errc::bad_argument, "k must be 1 to ", std::to_string(train_points - 1));
  }
  if (options.clusters < 1 || options.clusters > images.count()) {
    return fail(Errc::bad_argument, "clusters must be 1 to ", std::to_string(images.count()));
  }
  return {};
}

/// The numbers of the train points, ascending: all but a fifth.
std::vector<std::uint32_t> choose_train(std::size_t count, Random& random) {
  std::vector<std::uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0U);
  random.shuffle(order);
  order.resize(count - count / 5);
  std::ranges::sort(order);
  return order;
}

void measure_accuracy(const std::vector<Point>& points, FitFigures& figures) {
  std::size_t train_right = 0;
  std::size_t test_right = 0;
  for (const Point& point : points) {
    ++(point.is_train() ? figures.train_points : figures.test_points);
    if (point.predicted_int() != point.phase_int()) continue;
    ++(point.is_train() ? train_right : test_right);
  }
  const auto part = [](std::size_t right, std::size_t all) {
    return all == 0 ? 0.0 : static_cast<double>(right) / static_cast<double>(all);
  };
  figures.train_accuracy = part(train_right, figures.train_points);
  figures.test_accuracy = part(test_right, figures.test_points);
}

ComputedFit compute(ImageSet images, const FitOptions& options, Progress& progress) {
  const std::size_t count = images.count();
  const ByteImages bytes{images.pixels.data(), count, images.pixels_per_image};
  ComputedFit result;

  progress.begin("components");
  const Pca pca = fit_pca(bytes, options.dims, options.threads, progress);
  result.figures.variance_explained = pca.variance_explained;
  progress.begin("projection");
  const Eigen::MatrixXf coordinates = project(pca, bytes, options.threads, progress);
  images.pixels = {};  // the coordinates stand for the images from here on

  Random random(options.seed);
  const std::vector<std::uint32_t> train = choose_train(count, random);

  progress.begin("nearest neighbours");
  const std::vector<std::int32_t> predicted = predict_by_vote(
      coordinates, images.labels, train, options.neighbours, options.threads, progress);

  progress.begin("clusters");
  const Clustering clustering = cluster_points(coordinates, {.clusters = options.clusters}, random,
                                               options.threads, progress);
  result.figures.cluster_iterations = clustering.iterations;
  result.figures.clusters_converged = clustering.converged;

  const float reach = coordinates.topRows<3>().cwiseAbs().maxCoeff();
  const Eigen::Matrix3Xf xyz = coordinates.topRows<3>() / (reach > 0 ? reach : 1.0F);
  result.fit.points.reserve(count);
  auto next_train = train.begin();
  for (std::size_t i = 0; i < count; ++i) {
    const bool is_train = next_train != train.end() && *next_train == i;
    if (is_train) ++next_train;
    const auto at = xyz.col(static_cast<Eigen::Index>(i));
    result.fit.points.emplace_back(at.x(), at.y(), at.z(), images.labels[i], predicted[i],
                                   clustering.cluster[i], static_cast<std::uint32_t>(i),
                                   std::uint16_t{0}, std::uint8_t{0}, is_train);
  }
  result.fit.episodes = std::move(images.names);
  result.fit.hosts = {options.host};
  result.fit.profiles = {options.profile};
  measure_accuracy(result.fit.points, result.figures);
  return result;
}

}  // namespace

Result<ComputedFit> compute_fit(ImageSet images, const FitOptions& options, Progress& progress) {
  RINGSIDE_CHECK(check(images, options));
  try {
    return compute(std::move(images), options, progress);
  } catch (const std::bad_alloc&) {
    return fail(Errc::no_space, "not enough memory for the fit; it needs about 200 MB");
  }
}

}  // namespace ringside::knn
