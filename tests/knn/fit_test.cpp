#include "producer_shim/knn/fit.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <catch2/catch.hpp>

#include "producer_shim/knn/fit_file.hpp"
#include "producer_shim/knn/random.hpp"

namespace ringside::knn {
namespace {

/// Images of three classes, each bright in a third of its own and noisy all over.
ImageSet make_images(std::size_t count) {
  constexpr std::size_t kPixels = 18;
  Random random(2);
  ImageSet set;
  set.pixels_per_image = kPixels;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t label = i % 3;
    for (std::size_t p = 0; p < kPixels; ++p) {
      const std::size_t bright = p / 6 == label ? 150 : 20;
      set.pixels.push_back(static_cast<std::uint8_t>(bright + random.below(60)));
    }
    set.labels.push_back(static_cast<std::uint8_t>(label));
    set.names.push_back("image-" + std::to_string(i));
  }
  return set;
}

FitOptions small_options() {
  return {.dims = 5, .neighbours = 3, .clusters = 3, .seed = 4, .host = "here", .profile = "toy"};
}

TEST_CASE("a fit of classes that stand apart predicts and clusters them", "[knn][fit]") {
  Progress silent(nullptr);
  const Result<ComputedFit> computed = compute_fit(make_images(500), small_options(), silent);
  REQUIRE(computed);
  const FitFigures& figures = computed->figures;
  CHECK(figures.train_points == 400);
  CHECK(figures.test_points == 100);
  CHECK(figures.test_accuracy == 1.0);
  CHECK(figures.train_accuracy == 1.0);
  CHECK(figures.variance_explained > 0.5);
  CHECK(figures.variance_explained < 1.0);
  CHECK(figures.clusters_converged);

  const Fit& fit = computed->fit;
  REQUIRE(fit.points.size() == 500);
  CHECK(fit.hosts == std::vector<std::string>{"here"});
  CHECK(fit.profiles == std::vector<std::string>{"toy"});
  float reach = 0;
  for (std::size_t i = 0; i < fit.points.size(); ++i) {
    const Point& point = fit.points[i];
    CHECK(fit.episodes[point.episode()] == "image-" + std::to_string(i));
    CHECK(point.phase_int() == static_cast<std::int32_t>(i % 3));
    CHECK(point.cluster() == fit.points[i % 3].cluster());
    reach = std::max({reach, std::abs(point.x()), std::abs(point.y()), std::abs(point.z())});
  }
  CHECK(reach == 1.0F);
  CHECK(fit.points[0].cluster() != fit.points[1].cluster());
  CHECK(fit.points[1].cluster() != fit.points[2].cluster());
}

TEST_CASE("a fit depends on its seed and not on its threads", "[knn][fit]") {
  Progress silent(nullptr);
  FitOptions options = small_options();
  const auto encoded = [&] {
    const Result<ComputedFit> computed = compute_fit(make_images(700), options, silent);
    REQUIRE(computed);
    return encode_fit(computed->fit);
  };
  const auto first = encoded();
  CHECK(encoded() == first);
  options.threads = 3;
  CHECK(encoded() == first);
  options.seed = 5;
  CHECK(encoded() != first);
}

TEST_CASE("a fit refuses options that its images cannot meet", "[knn][fit]") {
  Progress silent(nullptr);
  FitOptions options = small_options();
  const auto error = [&] {
    const Result<ComputedFit> computed = compute_fit(make_images(20), options, silent);
    return computed ? "no error" : computed.error().message;
  };
  CHECK(error() == "no error");
  SECTION("more components than pixels") {
    options.dims = 19;
    CHECK(error() == "dims must be 3 to 18");
  }
  SECTION("as many neighbours as train points") {
    options.neighbours = 16;
    CHECK(error() == "k must be 1 to 15");
  }
  SECTION("more clusters than points") {
    options.clusters = 21;
    CHECK(error() == "clusters must be 1 to 20");
  }
}

}  // namespace
}  // namespace ringside::knn
