using MediaRelay.Stun;
using MediaRelay.Turn.Client;

namespace MediaRelay.Server.TurnTest;

/// <summary>Says in one sentence why a request failed and what to look at.</summary>
internal static class TurnFailureWords
{
    public static string For(TurnClientCommand.RequestFailed failed, string? user) => failed.Failure switch
    {
        TurnFailure.Refused => $"{failed.Method} was refused: {(int)failed.Code} {StunReason.For(failed.Code)}. {Advice(failed, user)}",
        TurnFailure.TimedOut => $"{failed.Method} got no answer. Check address, port, transport and firewall.",
        TurnFailure.IntegrityViolated => $"Answers to {failed.Method} are not signed with this user's key. The server knows another password, or somebody changes answers.",
        TurnFailure.Downgraded => "Somebody removed the better password algorithms from the answer (the nonce announces them). Do not trust this path.",
        TurnFailure.NoCommonAlgorithm => "The server offers only password algorithms that this client does not know.",
        TurnFailure.RedirectLoop => "The server redirects in a circle (300). Check the alternate servers of both nodes.",
        TurnFailure.CredentialsNeeded => "The server wants a user. Give --user and a password.",
        TurnFailure.BadAnswer => $"The answer to {failed.Method} lacks an attribute that it must have.",
        TurnFailure.ConnectionLost => "The server closed the connection, or nothing listens on its port.",
        _ => $"{failed.Method} failed.",
    };

    private static string Advice(TurnClientCommand.RequestFailed failed, string? user) => failed.Code switch
    {
        StunErrorCode.Unauthenticated => $"Wrong password for user {user}, unknown user, or a timed name that has expired.",
        StunErrorCode.Forbidden when failed.Method is StunMethod.CreatePermission or StunMethod.ChannelBind =>
            $"The server's peer policy refuses {failed.Peer.AddressText()}; relays refuse private and loopback peers by default, so give the relay a public address or allow this one.",
        StunErrorCode.Forbidden => "The server's policy refuses this client.",
        StunErrorCode.AllocationMismatch => "The server still holds an allocation for this address and port; try again in a moment.",
        StunErrorCode.WrongCredentials => "The allocation belongs to another user.",
        StunErrorCode.AllocationQuotaReached => $"User {user} has as many allocations as the quota allows.",
        StunErrorCode.InsufficientCapacity => "The server is full, is draining, or has no free relay port.",
        StunErrorCode.AddressFamilyNotSupported => "The server has no relay address of this family.",
        StunErrorCode.UnsupportedTransportProtocol => "The server does not relay this transport.",
        StunErrorCode.StaleNonce => "The server took none of its own nonces; its clock or nonce key changes, or a balancer spreads one client over nodes without a shared key.",
        _ => "See the server's log.",
    };
}
