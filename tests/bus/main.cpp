// The entry point of the bus tests.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
