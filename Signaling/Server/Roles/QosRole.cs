using System.Net;
using MediaRelay.Qos.IO;
using MediaRelay.Qos.IO.Http;
using MediaRelay.Server.Configuration;

namespace MediaRelay.Server.Roles;

/// <summary>The integrated application manager of this node.</summary>
internal sealed class QosRole : Role
{
    public override string Section => "Qos";

    public override Type OptionsType => typeof(QosOptions);

    public override string Summary => "Application manager: asks a policy server for the gates of sessions.";

    public override void AddServices(WebApplicationBuilder builder, ServerConfiguration configuration)
    {
        var options = (QosOptions)configuration[Section];
        builder.Services.AddQos(options);
        if (options.ApplicationServerListen.Length > 0) builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPEndPoint.Parse(options.ApplicationServerListen)));
    }

    public override IEnumerable<string> CheckFiles(ServerConfiguration configuration) => QosServices.CheckFiles((QosOptions)configuration[Section]);

    public override void Map(WebApplication app, ServerConfiguration configuration) => app.MapQos();
}
