using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Gateways;

internal sealed partial class GatewayEndpoints
{
    [LoggerMessage(4020, LogLevel.Error, "Request {Request} was refused because storage did not take its write.", EventName = "StorageRefused")]
    private partial void LogStorage(Exception exception, string request);

    [LoggerMessage(4021, LogLevel.Critical, "Request {Request} met a fault of this program.", EventName = "RequestFault")]
    private partial void LogBug(Exception exception, string request);

    [LoggerMessage(4022, LogLevel.Warning, "A wrong digest answer for gateway {Gateway} came from {Source}.", EventName = "DigestRefused")]
    private partial void LogDigestRefused(string gateway, string source);

    [LoggerMessage(4023, LogLevel.Warning, "A wrong claim code for gateway {Gateway} came from {Source}.", EventName = "ClaimRefused")]
    private partial void LogClaimRefused(string gateway, string source);

    [LoggerMessage(4024, LogLevel.Information, "Gateway {Gateway} got the certificate {Serial}, valid until {NotAfter:u}.", EventName = "CertificateIssued")]
    private partial void LogIssued(string gateway, string serial, DateTimeOffset notAfter);

    [LoggerMessage(4025, LogLevel.Information, "Gateway {Gateway} started a session with software {Software}; its last event is {LastEvent}, stored are all up to {Stored}.", EventName = "SessionStarted")]
    private partial void LogSession(string gateway, string software, ulong lastEvent, ulong stored);

    [LoggerMessage(4026, LogLevel.Warning, "Gateway {Gateway} used the event id {EventId} for two numbers; the second was acknowledged and not acted upon.", EventName = "EventIdReused")]
    private partial void LogIdReused(string gateway, string eventId);

    [LoggerMessage(4029, LogLevel.Warning, "Gateway {Gateway} says that its last event of epoch {Epoch} is {LastEvent}, but all up to {Stored} are stored: it lost its counter. Its events wait for a hello that knows them, or begins a new epoch.", EventName = "EventCounterLost")]
    private partial void LogCounterLost(string gateway, string epoch, ulong lastEvent, ulong stored);

    [LoggerMessage(4027, LogLevel.Warning, "Gateway {Gateway} has carried out instruction {Claimed}, but only {Given} were given: the queue got the new epoch {Epoch}.", EventName = "InstructionsRenumbered")]
    private partial void LogRenumbered(string gateway, ulong claimed, ulong given, string epoch);

    [LoggerMessage(4028, LogLevel.Warning, "An acknowledgement of gateway {Gateway} could not be stored; the gateway may see instructions again.", EventName = "AcknowledgementNotStored")]
    private partial void LogAcknowledgementNotStored(Exception exception, string gateway);
}
