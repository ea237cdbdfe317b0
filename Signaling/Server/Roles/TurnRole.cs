using MediaRelay.Server.Configuration;
using MediaRelay.Turn.IO;

namespace MediaRelay.Server.Roles;

/// <summary>The relay of this node.</summary>
internal sealed class TurnRole : Role
{
    public override string Section => "Turn";

    public override Type OptionsType => typeof(TurnOptions);

    public override string Summary => "STUN and TURN relay over UDP, TCP, TLS and DTLS.";

    public override void AddServices(WebApplicationBuilder builder, ServerConfiguration configuration) =>
        builder.Services.AddTurn((TurnOptions)configuration[Section]);

    public override IEnumerable<string> CheckFiles(ServerConfiguration configuration) => TurnPlan.Check((TurnOptions)configuration[Section]);

    public override void Map(WebApplication app, ServerConfiguration configuration) => app.MapTurnAdmin();
}
