// ringside-knn produce: computes a fit of Fashion-MNIST and saves it.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include <sys/resource.h>
#include <unistd.h>

#include "bus/program/run_program.hpp"
#include "producer_shim/atomic_file.hpp"
#include "producer_shim/knn/commands.hpp"
#include "producer_shim/knn/fashion_mnist.hpp"
#include "producer_shim/knn/fit.hpp"
#include "producer_shim/knn/fit_file.hpp"
#include "producer_shim/knn/fit_json.hpp"
#include "producer_shim/knn/progress.hpp"

namespace ringside::knn {

namespace {

struct ProduceArguments {
  std::filesystem::path fit_out;
  std::filesystem::path data_dir = kFashionMnistDir;
  FitOptions fit;
};

std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return "localhost";
  return name.data();
}

/// More threads than this cost memory and gain little.
unsigned default_threads() {
  return std::clamp(std::thread::hardware_concurrency(), 1U, 8U);
}

double peak_memory_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

void print_summary(const ProduceArguments& arguments, const FitFigures& figures,
                   const Progress& progress, double seconds) {
  std::printf("saved      %s (%zu points, %zu train, %zu test)\n", arguments.fit_out.c_str(),
              figures.train_points + figures.test_points, figures.train_points,
              figures.test_points);
  std::printf("beside     %s (the same, for a page that cannot read it)\n",
              json_beside(arguments.fit_out).c_str());
  std::printf("accuracy   %.2f %% on the test points (train points by the others: %.2f %%)\n",
              figures.test_accuracy * 100, figures.train_accuracy * 100);
  std::printf("variance   %.2f %% explained by %u components\n", figures.variance_explained * 100,
              arguments.fit.dims);
  std::printf("clusters   %u, %s after %u iterations\n", arguments.fit.clusters,
              figures.clusters_converged ? "settled" : "stopped", figures.cluster_iterations);
  std::printf("time       %.2f s (", seconds);
  const char* separator = "";
  for (const StageTime& stage : progress.stages()) {
    std::printf("%s%s %.2f", separator, stage.stage.c_str(), stage.seconds);
    separator = ", ";
  }
  std::printf(")\nmemory     %.0f MB at most\n", peak_memory_mb());
}

Result<void> produce(const ProduceArguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  const std::filesystem::path sidecar = json_beside(arguments.fit_out);
  RINGSIDE_CHECK(check_writable(arguments.fit_out));
  RINGSIDE_CHECK(check_replaceable(sidecar));

  Progress progress(stderr);
  progress.begin("images");
  RINGSIDE_TRY(ImageSet images, load_fashion_mnist(arguments.data_dir));
  RINGSIDE_TRY(const ComputedFit computed, compute_fit(std::move(images), arguments.fit, progress));
  progress.begin("saving");
  const Result<void> written = write_fit(arguments.fit_out, computed.fit);
  if (!written) return written;
  RINGSIDE_CHECK(write_json(sidecar, computed.fit));
  progress.finish();

  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  print_summary(arguments, computed.figures, progress, elapsed.count());
  return {};
}

}  // namespace

void add_produce_command(CLI::App& app, int& exit_status) {
  const auto arguments = std::make_shared<ProduceArguments>();
  arguments->fit.threads = default_threads();
  arguments->fit.host = host_name();
  arguments->fit.profile = "fashion-mnist";

  CLI::App* command = app.add_subcommand(
      "produce", "Compute a fit of Fashion-MNIST (components, neighbours, clusters) and save it");
  command
      ->add_option(
          "--fit-out", arguments->fit_out,
          "File to save the fit to, replaced atomically: .parquet (needs ringside-feed) or "
          ".fit; the same as .json is written beside it")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--data-dir", arguments->data_dir,
                   "Folder of the four *-ubyte.gz files of the data set")
      ->type_name("DIR")
      ->capture_default_str();
  command->add_option("--dims", arguments->fit.dims, "Principal components to keep")
      ->check(CLI::Range(3U, 128U))
      ->capture_default_str();
  command->add_option("--k", arguments->fit.neighbours, "Neighbours that vote on a prediction")
      ->check(CLI::Range(1U, 1000U))
      ->capture_default_str();
  command->add_option("--clusters", arguments->fit.clusters, "Clusters of k-means")
      ->check(CLI::Range(1U, 1000U))
      ->capture_default_str();
  command->add_option("--seed", arguments->fit.seed, "Seed of the split and of the clusters")
      ->capture_default_str();
  command->add_option("--threads", arguments->fit.threads, "Threads to compute with")
      ->check(CLI::Range(1U, 64U))
      ->capture_default_str();
  command->callback([arguments, &exit_status] {
    const Result<void> result = produce(*arguments);
    if (!result) exit_status = report("ringside-knn", result.error());
  });
}

}  // namespace ringside::knn
