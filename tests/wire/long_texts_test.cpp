// In which order long JSON texts are printed, and for whom.
#include "dashboard_reader/stream/long_texts.hpp"

#include <memory>
#include <vector>

#include <asio/error_code.hpp>
#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>
#include <catch2/catch.hpp>

#include "tests/support/temporary_directory.hpp"
#include "tests/wire/load_events.hpp"

using namespace ringside;
using namespace ringside::dashboard;
using namespace ringside::support;
using namespace ringside::wire_test;

namespace {

struct Printing {
  TemporaryDirectory bus;
  LoadProducer producer{bus.text(), "events", "p"};
  Discovery discovery{Bus(bus.text())};
  asio::io_context loop;
  JsonPrinters printers;
  LongTexts texts{loop};
  std::vector<std::uint64_t> woken;
  std::vector<std::unique_ptr<asio::steady_timer>> wakers;

  explicit Printing(std::uint64_t events) {
    producer.publish(events, 5000);
    REQUIRE(discovery.refresh().has_value());
    for (std::uint64_t i = 0; i < events; ++i) {
      wakers.push_back(
          std::make_unique<asio::steady_timer>(loop, asio::steady_timer::time_point::max()));
      wakers.back()->async_wait([this, i](asio::error_code) { woken.push_back(i); });
    }
  }

  std::optional<LongText> ask(std::uint64_t sequence, bool has_begun) {
    const AttachedSegment segment = discovery.attached().begin()->second;
    return texts.of({segment, printers.of(segment->reader), Sequence{sequence}}, has_begun,
                    *wakers.at(sequence));
  }

  void run_until_woken(std::size_t count) {
    while (woken.size() < count) loop.run_one();
  }
};

}  // namespace

TEST_CASE("a first piece is printed before any second one, and nothing for who has left") {
  Printing printing(4);
  CHECK_FALSE(printing.ask(0, true));  // at once, since nothing else is wanted
  CHECK_FALSE(printing.ask(1, true));
  CHECK_FALSE(printing.ask(2, false));
  CHECK_FALSE(printing.ask(3, false));
  CHECK(printing.texts.is_waiting(*printing.wakers[3]));
  printing.texts.leave(*printing.wakers[3]);
  CHECK_FALSE(printing.texts.is_waiting(*printing.wakers[3]));
  printing.run_until_woken(3);
  CHECK(printing.woken == std::vector<std::uint64_t>{0, 2, 1});
  for (const std::uint64_t sequence : {0U, 1U, 2U}) {
    const std::optional<LongText> kept = printing.ask(sequence, true);
    REQUIRE(kept.has_value());
    CHECK(kept->text->ends_with("]}}"));
  }
  // It would be kept if it had been printed.
  CHECK_FALSE(printing.ask(3, false));
}
