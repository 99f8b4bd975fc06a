// The entry point of the producer tests.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
