using System.Net;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Portal;

public sealed partial class PortalServer
{
    [LoggerMessage(4610, LogLevel.Information, "The portal, its API and WHEP listen on {Endpoint} (HTTPS).")]
    private partial void LogListening(IPEndPoint endpoint);

    [LoggerMessage(4611, LogLevel.Information, "The portal's certificate was read again from {Path}.")]
    private partial void LogReloaded(string path);

    [LoggerMessage(4612, LogLevel.Warning, "The portal's new certificate is not taken over and the old one stays in use, until it can be read: {Reason}")]
    private partial void LogReloadFailed(string reason);

    [LoggerMessage(4613, LogLevel.Warning, "The portal's certificate in {Path} ends at {End:yyyy-MM-dd HH:mm} UTC. Replace the file; it is read again without a restart.")]
    private partial void LogEnds(string path, DateTime end);

    [LoggerMessage(4614, LogLevel.Error, "The portal's certificate could not be renewed and is tried again every hour: {Reason}")]
    private partial void LogRenewalFailed(string reason);
}
