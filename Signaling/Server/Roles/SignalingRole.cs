using MediaRelay.Qos.IO;
using MediaRelay.Qos.IO.Links;
using MediaRelay.Server.Configuration;
using MediaRelay.Signaling.IO;
using MediaRelay.Signaling.IO.Authority;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Sessions;
using MediaRelay.Turn.IO;
using Microsoft.Extensions.FileProviders;

namespace MediaRelay.Server.Roles;

/// <summary>The Event Server of this node, with the portal, its API and WHEP.</summary>
internal sealed class SignalingRole : Role
{
    public override string Section => "Signaling";

    public override Type OptionsType => typeof(SignalingOptions);

    public override string Summary => "Event Server for SMA Gateways, portal, JSON API and WHEP.";

    public override void AddServices(WebApplicationBuilder builder, ServerConfiguration configuration)
    {
        var options = (SignalingOptions)configuration[Section];
        string folder = configuration.Node.DataFolder;
        EnsureAuthority(options, folder);
        builder.Services.AddSignaling(options, folder);
        string pages = Path.Combine(AppContext.BaseDirectory, "wwwroot");
        builder.Services.AddPortal(options, folder, Directory.Exists(pages) ? new PhysicalFileProvider(pages) : null);
        if (configuration.Has("Qos"))
        {
            var qos = (QosOptions)configuration["Qos"];
            builder.Services.AddSingleton(provider => new SessionGates(
                provider.GetRequiredService<IApplicationManager>(), qos.RequireGate ? qos.RequireGateWithin : null, provider.GetRequiredService<ILogger<SessionGates>>()));
            builder.Services.AddSingleton<ISessionGates>(provider => provider.GetRequiredService<SessionGates>());
            builder.Services.AddSingleton<INetworkGates>(provider => new OperatorGates(provider.GetRequiredService<IApplicationManager>(), provider.GetService<CmtsHost>()));
        }

        builder.Services.AddSingleton<IPortalModule>(provider => new RelayModule(
            provider.GetRequiredService<AccessGate>(), options, configuration.Has("Turn") ? provider.GetRequiredService<TurnServer>() : null, provider.GetRequiredService<TimeProvider>()));
    }

    public override IEnumerable<string> CheckFiles(ServerConfiguration configuration) => SignalingServices.CheckFiles((SignalingOptions)configuration[Section]);

    public override void Map(WebApplication app, ServerConfiguration configuration) => app.MapSessionAdmin();

    /// <summary>HTTPS from the first start: without an authority one is made, and with it the certificate of the gateways' listener.</summary>
    private static void EnsureAuthority(SignalingOptions options, string dataFolder)
    {
        string folder = options.AuthorityFolder.Length > 0 ? options.AuthorityFolder : Path.Combine(dataFolder, "authority");
        if (File.Exists(Path.Combine(folder, "ca.crt")))
            return;
        using OperatorAuthority authority = OperatorAuthority.Create(folder, "MediaRelay operator", TimeProvider.System.GetUtcNow());
        if (options.ServerCertificate.Length > 0)
            return;
        IssuedCertificate issued = authority.IssueServer(options.PortalNames, TimeSpan.FromDays(397), TimeProvider.System.GetUtcNow());
        File.WriteAllText(Path.Combine(folder, "server.crt"), issued.CertificatePem.TrimEnd() + "\n" + authority.CertificatePem.TrimEnd() + "\n");
        string key = Path.Combine(folder, "server.key");
        using (var stream = new FileStream(key, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            stream.Write(System.Text.Encoding.ASCII.GetBytes(issued.KeyPem!));
    }
}
