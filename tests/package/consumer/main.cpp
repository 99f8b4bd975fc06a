// The same from C++.
#include <memory>
#include <string>

#include <ringside.h>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  ringside_producer_options options = RINGSIDE_PRODUCER_OPTIONS_INIT;
  options.bus = argv[1];
  options.channel = "load";
  options.producer = "outside";
  options.type = "load";
  const std::unique_ptr<ringside_producer, decltype(&ringside_producer_close)> producer(
      ringside_producer_open(&options), &ringside_producer_close);
  const std::string event = R"({"seed": 42})";
  return ringside_publish_json(producer.get(), event.data(), event.size()) == std::stoll(argv[2])
             ? 0
             : 1;
}
