// The entry point of the feeder's tests.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
