using System.Net;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Portal;

public sealed partial class PortalServer
{
    [LoggerMessage(4610, LogLevel.Information, "The portal, its API and WHEP listen on {Endpoint} (HTTPS).")]
    private partial void LogListening(IPEndPoint endpoint);

    [LoggerMessage(4611, LogLevel.Information, "The portal's certificate was read again from {Path}.")]
    private partial void LogReloaded(string path);

    [LoggerMessage(4612, LogLevel.Warning, "The portal's new certificate could not be read; the old one stays in use.")]
    private partial void LogReloadFailed(Exception exception);
}
