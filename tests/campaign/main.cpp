// `ringside_campaign`: tries to break the bus and its dashboard, at length.
#include <cstdio>
#include <vector>

#include "tests/campaign/campaign.hpp"

int main(int argc, char** argv) {
  using namespace ringside::campaign;
  CLI::App app{
      "ringside_campaign: tries to break the bus and its dashboard, at length and from a seed"};
  app.set_version_flag("--version", "ringside_campaign " RINGSIDE_VERSION);
  app.require_subcommand(1);
  const std::vector<Campaign> campaigns = {
      add_step(app),  add_kill(app),   add_stop(app),    add_power(app),     add_shutdown(app),
      add_lap(app),   add_tamper(app), add_restart(app), add_crowd(app),     add_churn(app),
      add_stall(app), add_flood(app),  add_noise(app),   add_quarantine(app)};
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& help) {
    return app.exit(help);
  } catch (const CLI::ParseError& error) {
    std::fprintf(stderr, "ringside_campaign: %s; see ringside_campaign --help\n", error.what());
    return 2;
  }
  for (const Campaign& campaign : campaigns)
    if (campaign.parser->parsed()) return campaign.run();
  return 2;
}
