using System.Net;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Gateways;

public sealed partial class EventServer
{
    [LoggerMessage(4030, LogLevel.Information, "Gateways are served on {Endpoint}.", EventName = "GatewaysServed")]
    private partial void LogListening(IPEndPoint endpoint);

    [LoggerMessage(4031, LogLevel.Warning, "The server certificate for gateways ends on {NotAfter:u}, in {Days} days. Issue a new one with 'mediarelay ca issue --server'.", EventName = "ServerCertificateEnds")]
    private partial void LogCertificateEnds(DateTime notAfter, int days);

    [LoggerMessage(4032, LogLevel.Information, "The list of revoked certificates was read again.", EventName = "RevokedReloaded")]
    private partial void LogRevokedReloaded();

    [LoggerMessage(4033, LogLevel.Information, "The server certificate {Path} was read again; new connections get it.", EventName = "ServerCertificateReloaded")]
    private partial void LogCertificateReloaded(string path);

    [LoggerMessage(4034, LogLevel.Error, "What changed is not taken over and the old one stays in use, until it can be read: {Reason}", EventName = "ReloadFailed")]
    private partial void LogReloadFailed(string reason);
}
