// The header from C++, by itself; and that a caller's exception-free code links.
#include "ringside.h"

int main() {
  ringside_producer_options options = RINGSIDE_PRODUCER_OPTIONS_INIT;
  return ringside_producer_open(&options) == nullptr && ringside_last_error_code() < 0 ? 0 : 1;
}
