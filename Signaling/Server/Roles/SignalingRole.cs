using MediaRelay.Server.Configuration;
using MediaRelay.Signaling.IO;

namespace MediaRelay.Server.Roles;

/// <summary>The Event Server of this node.</summary>
internal sealed class SignalingRole : Role
{
    public override string Section => "Signaling";

    public override Type OptionsType => typeof(SignalingOptions);

    public override string Summary => "Event Server for SMA Gateways: events, instructions, presence, storage.";

    public override void AddServices(WebApplicationBuilder builder, ServerConfiguration configuration) =>
        builder.Services.AddSignaling((SignalingOptions)configuration[Section], configuration.Node.DataFolder);
}
