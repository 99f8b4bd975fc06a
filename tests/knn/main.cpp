// The entry point of the tests of the fit.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
