using MediaRelay.Stun;
using MediaRelay.Turn.Access;

namespace MediaRelay.Turn.Requests;

/// <summary>
/// Writes answers. To unverified sources they are small and rationed: no reason text, no SOFTWARE, never more than a fixed multiple
/// of the question on the wire, and within the budgets.
/// </summary>
internal sealed class Answers(RelayState state)
{
    private const int IpAndUdp = 28;

    /// <summary>Largest answer over question on the wire for a challenge, in tenths: with and without the SHA-256 offer.</summary>
    private const int RatioWithOffer = 27;
    private const int RatioWithoutOffer = 21;

    /// <summary>An error to a client that proved its credentials.</summary>
    public int Error(ref RequestContext request, StunErrorCode code, RefusalReason reason, int limit = 0)
    {
        var writer = new StunWriter(request.Reply, request.Message.Method, StunClass.Error, request.Message.TransactionId);
        writer.AddErrorCode(code);
        return Refuse(ref request, ref writer, code, reason, limit);
    }

    /// <summary>420 with the list of unknown attributes.</summary>
    public int UnknownAttributes(ref RequestContext request, scoped ReadOnlySpan<StunAttributeType> unknown)
    {
        var writer = new StunWriter(request.Reply, request.Message.Method, StunClass.Error, request.Message.TransactionId);
        writer.AddErrorCode(StunErrorCode.UnknownAttribute);
        writer.AddUnknownAttributes(unknown);
        return Refuse(ref request, ref writer, StunErrorCode.UnknownAttribute, RefusalReason.UnknownAttribute, 0);
    }

    /// <summary>300 with ALTERNATE-SERVER.</summary>
    public int Redirect(ref RequestContext request, TransportAddress server)
    {
        var writer = new StunWriter(request.Reply, request.Message.Method, StunClass.Error, request.Message.TransactionId);
        writer.AddErrorCode(StunErrorCode.TryAlternate);
        writer.AddAddress(StunAttributeType.AlternateServer, server);
        return Refuse(ref request, ref writer, StunErrorCode.TryAlternate, RefusalReason.Redirected, 0);
    }

    /// <summary>401 or 438 with realm and a fresh nonce. <paramref name="isVerified"/>: the source has returned a good nonce.</summary>
    public int Challenge(ref RequestContext request, StunErrorCode code, RefusalReason reason, bool isVerified)
    {
        if (!isVerified && !MayAnswer(ref request))
        {
            return 0;
        }

        var credentials = state.Credentials;
        var writer = new StunWriter(request.Reply, request.Message.Method, StunClass.Error, request.Message.TransactionId);
        writer.AddErrorCode(code);
        writer.Add(StunAttributeType.Realm, credentials.RealmBytes);
        var nonce = writer.AddInPlace(StunAttributeType.Nonce, state.Nonces.Length);
        if (!writer.IsOverflowed)
        {
            state.Nonces.Write(request.From.Client, request.Listener.Transport, request.UtcNow, nonce);
        }

        if (credentials.Offers)
        {
            writer.AddPasswordAlgorithms(Authenticator.Offer(credentials));
        }

        if (credentials.TokenKeys.Count > 0)
        {
            writer.AddText(StunAttributeType.ThirdPartyAuthorization, credentials.ServerName);
        }

        state.Counters.Challenges++;
        return FinishUnverified(ref request, ref writer, code, reason, isVerified, credentials.Offers ? RatioWithOffer : RatioWithoutOffer);
    }

    /// <summary>400 or 420 before authentication; no integrity.</summary>
    public int EarlyError(ref RequestContext request, StunErrorCode code, RefusalReason reason, scoped ReadOnlySpan<StunAttributeType> unknown = default)
    {
        if (!MayAnswer(ref request))
        {
            return 0;
        }

        var writer = new StunWriter(request.Reply, request.Message.Method, StunClass.Error, request.Message.TransactionId);
        writer.AddErrorCode(code);
        if (!unknown.IsEmpty)
        {
            writer.AddUnknownAttributes(unknown);
        }

        return FinishUnverified(ref request, ref writer, code, reason, isVerified: false, RatioWithoutOffer);
    }

    /// <summary>The answer to a Binding request, which needs no credentials.</summary>
    public int Binding(ref RequestContext request)
    {
        if (!MayAnswer(ref request))
        {
            return 0;
        }

        var writer = new StunWriter(request.Reply, request.Message.Method, StunClass.Success, request.Message.TransactionId);
        writer.AddAddress(StunAttributeType.XorMappedAddress, request.From.Client);
        return FinishUnverified(ref request, ref writer, StunErrorCode.None, RefusalReason.None, isVerified: false, RatioWithoutOffer);
    }

    /// <summary>Starts a success answer.</summary>
    public static StunWriter Success(scoped ref RequestContext request) => new StunWriter(request.Reply, request.Message.Method, StunClass.Success, request.Message.TransactionId);

    /// <summary>Ends a success answer with integrity.</summary>
    public int Finish(ref RequestContext request, ref StunWriter writer)
    {
        state.Outcome = new RelayOutcome(request.Message.Method, StunErrorCode.None, RefusalReason.None, 0);
        return Seal(ref request.Caller, request.Message.HasFingerprint, ref writer);
    }

    /// <summary>Adds integrity for an authenticated caller, then FINGERPRINT when the question had one.</summary>
    public int Seal(ref Caller caller, bool fingerprint, ref StunWriter writer)
    {
        if (caller.IsAuthenticated)
        {
            if (caller.AnswersSha256)
            {
                writer.AddIntegritySha256(caller.Key.Bytes, state.Mac);
            }
            else
            {
                writer.AddIntegrity(caller.Key.Bytes, state.Mac);
            }
        }

        if (fingerprint)
        {
            writer.AddFingerprint();
        }

        return writer.Length;
    }

    private int Refuse(ref RequestContext request, ref StunWriter writer, StunErrorCode code, RefusalReason reason, int limit)
    {
        state.Outcome = new RelayOutcome(request.Message.Method, code, reason, limit);
        state.Counters.CountError((int)code);
        return Seal(ref request.Caller, request.Message.HasFingerprint, ref writer);
    }

    private bool MayAnswer(ref RequestContext request)
    {
        // A stream or a DTLS session has proved its address.
        if (request.Listener.Transport != ClientTransport.Udp || state.Budgets.TryAnswer(request.From.Client, request.Now))
        {
            return true;
        }

        state.Counters.WithheldByRate++;
        state.Outcome = new RelayOutcome(request.Message.Method, StunErrorCode.None, RefusalReason.RateLimit, state.Limits.AnswersPerSource);
        return false;
    }

    private int FinishUnverified(ref RequestContext request, ref StunWriter writer, StunErrorCode code, RefusalReason reason, bool isVerified, int ratio)
    {
        if (request.Message.HasFingerprint)
        {
            writer.AddFingerprint();
        }

        var length = writer.Length;
        if (!isVerified && request.Listener.Transport == ClientTransport.Udp && (length + IpAndUdp) * 10 > (request.Message.Bytes.Length + IpAndUdp) * ratio)
        {
            state.Counters.WithheldBySize++;
            state.Outcome = new RelayOutcome(request.Message.Method, StunErrorCode.None, RefusalReason.AnswerTooLarge, 0);
            return 0;
        }

        state.Outcome = new RelayOutcome(request.Message.Method, code, reason, 0);
        if (code != StunErrorCode.None)
        {
            state.Counters.CountError((int)code);
        }

        return length;
    }
}
