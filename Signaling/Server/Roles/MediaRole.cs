using MediaRelay.Media.IO;
using MediaRelay.Server.Configuration;

namespace MediaRelay.Server.Roles;

/// <summary>Media that this node ends itself: endpoints, transcoding, recording.</summary>
internal sealed class MediaRole : Role
{
    public override string Section => "Media";

    public override Type OptionsType => typeof(MediaOptions);

    public override string Summary => "Media endpoints of this node: addresses, ports, marking, transcoding, recording.";

    public override void AddServices(WebApplicationBuilder builder, ServerConfiguration configuration) =>
        builder.Services.AddMedia((MediaOptions)configuration[Section]);
}
