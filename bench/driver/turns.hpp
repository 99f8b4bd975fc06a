// How a program of a build tree is measured, and the same for all of them: it prepares, prints one
// line of JSON, and then takes a turn for each line on its standard input and answers with a line
// of JSON, whose members are figures. At the end of its input it ends. Failures go to standard
// error, as one line, and its status is 1.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace ringside::bench {

/// Changes when a driver and a comparing program of different commits would misunderstand each
/// other.
constexpr int kContract = 1;

/// A figure with its unit in the name: "ns", "p50_us".
using Turn = std::map<std::string, double>;

/// `facts` are further members of the first line, as JSON: `"port":80,"target":"/"`.
void take_turns(const std::string& facts, const std::function<Turn()>& turn);

/// A line of JSON between `take_turns`'s, for a turn in two steps.
void say(const std::string& json);

/// Nanoseconds that `call` takes.
double time_ns(const std::function<void()>& call);

/// The folder of this very program, where the others of its build are.
std::string program_folder();

/// Arguments of a subcommand, by place; throws with `usage` if there are not so many.
std::vector<std::string> arguments(int argc, char** argv, std::size_t count, const char* usage);

}  // namespace ringside::bench
