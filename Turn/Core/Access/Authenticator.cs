using MediaRelay.Stun;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Requests;

namespace MediaRelay.Turn.Access;

/// <summary>
/// The long-term credential mechanism (RFC 8489 section 9.2.4) with configured users, timed credentials and third-party tokens
/// (RFC 7635).
/// </summary>
/// <remarks>
/// Unlike the RFC, the nonce is checked before user and integrity: it proves the source address, and until then nothing is looked up,
/// remembered or computed for a stranger. An unknown user costs the same work and gets the same answer as a wrong password.
/// </remarks>
internal sealed class Authenticator(RelayState state, Answers answers)
{
    /// <summary>PASSWORD-ALGORITHMS as offered, most wanted first.</summary>
    public static ReadOnlySpan<PasswordAlgorithm> Offer(RelayCredentials credentials) =>
        credentials.RequiresSha256 ? OfferSha256 : OfferBoth;

    private static readonly PasswordAlgorithm[] OfferSha256 = [PasswordAlgorithm.Sha256];
    private static readonly PasswordAlgorithm[] OfferBoth = [PasswordAlgorithm.Sha256, PasswordAlgorithm.Md5];

    private static ReadOnlySpan<byte> OfferSha256Bytes => [0, 2, 0, 0];

    private static ReadOnlySpan<byte> OfferBothBytes => [0, 2, 0, 0, 0, 1, 0, 0];

    /// <summary>True when the request proved who sent it; false with the length of the answer, 0 for silence.</summary>
    public bool TryAuthenticate(ref RequestContext request, out int length)
    {
        ref readonly var message = ref request.Message;
        if (!message.HasIntegrity && !message.HasIntegritySha256)
        {
            length = answers.Challenge(ref request, StunErrorCode.Unauthenticated, RefusalReason.NoCredentials, isVerified: false);
            return false;
        }

        var hasName = message.TryGetUsername(out var name);
        var hasHash = message.TryGetUserhash(out var userhash);
        if (!(hasName || hasHash) || !message.TryGetRealm(out var realm) || !message.TryGetNonce(out var nonce))
        {
            length = answers.EarlyError(ref request, StunErrorCode.BadRequest, RefusalReason.IncompleteCredentials);
            return false;
        }

        if (!state.Nonces.Verify(nonce, request.From.Client, request.Listener.Transport, request.UtcNow, state.Limits.NonceLifetime))
        {
            state.Counters.StaleNonces++;
            length = answers.Challenge(ref request, StunErrorCode.StaleNonce, RefusalReason.StaleNonce, isVerified: false);
            return false;
        }

        if (!TryChooseAlgorithm(ref request, out var algorithm))
        {
            length = answers.Error(ref request, StunErrorCode.BadRequest, RefusalReason.PasswordAlgorithm);
            return false;
        }

        request.UserName = name;
        var reason = RefusalReason.PasswordAlgorithm;
        if ((algorithm == PasswordAlgorithm.Sha256 || !state.Credentials.RequiresSha256)
            && TryVerify(ref request, hasName, userhash, algorithm, realm.SequenceEqual(state.Credentials.RealmBytes), out reason))
        {
            request.Caller.IsAuthenticated = true;
            length = 0;
            return true;
        }

        state.Counters.AuthenticationFailures++;
        if (!state.Budgets.TryFail(request.From.Client, hasName ? name : userhash, request.Now))
        {
            state.Counters.WithheldByFailures++;
            state.Outcome = new RelayOutcome(message.Method, StunErrorCode.None, RefusalReason.TooManyFailures, state.Limits.FailuresPerMinute);
            length = 0;
            return false;
        }

        length = answers.Challenge(ref request, StunErrorCode.Unauthenticated, reason, isVerified: true);
        return false;
    }

    /// <summary>PASSWORD-ALGORITHM and PASSWORD-ALGORITHMS come together and repeat the offer, or neither comes, which means MD5.</summary>
    private bool TryChooseAlgorithm(ref RequestContext request, out PasswordAlgorithm algorithm)
    {
        ref readonly var message = ref request.Message;
        algorithm = PasswordAlgorithm.Md5;
        var hasList = message.TryGet(StunAttributeType.PasswordAlgorithms, out var list);
        var hasOne = message.Has(StunAttributeType.PasswordAlgorithm);
        if (!state.Credentials.Offers || (!hasList && !hasOne))
        {
            return true;
        }

        request.Caller.AnswersSha256 = true;
        return hasList
            && list.SequenceEqual(state.Credentials.RequiresSha256 ? OfferSha256Bytes : OfferBothBytes)
            && message.TryGetPasswordAlgorithm(out algorithm)
            && algorithm is PasswordAlgorithm.Md5 or PasswordAlgorithm.Sha256;
    }

    private bool TryVerify(ref RequestContext request, bool hasName, ReadOnlySpan<byte> userhash, PasswordAlgorithm algorithm, bool isRealm, out RefusalReason reason)
    {
        var credentials = state.Credentials;
        ref readonly var message = ref request.Message;
        reason = RefusalReason.UnknownUser;
        if (credentials.TokenKeys.Count > 0 && message.TryGet(StunAttributeType.AccessToken, out var token))
        {
            return TryVerifyToken(ref request, token, out reason);
        }

        if (!hasName)
        {
            // USERHASH: the name is replaced by the configured one.
            var known = credentials.TryGetUserByHash(userhash, out var hashed) && isRealm;
            request.Caller.HashedName = known ? hashed!.Name : default;
            return TryVerifyStatic(ref request, known ? hashed : null, algorithm, ref reason);
        }

        // The user of an existing allocation: its key is at hand, and its credential need not be unexpired.
        var user = request.Allocation >= 0 ? state.Allocations[request.Allocation].User : -1;
        if (user >= 0 && state.Users[user].Name.AsSpan().SequenceEqual(request.UserName)
            && (state.Users[user].Key.Algorithm == algorithm || state.Users[user].Kind == CredentialKinds.Token))
        {
            ref var entry = ref state.Users[user];
            if (entry.Key.Verifies(message, state.Mac))
            {
                Accept(ref request, entry.Key, entry.Kind);
                request.Caller.KnownUser = user + 1;
                return isRealm;
            }
        }

        if (credentials.TryGetUser(request.UserName, out var configured))
        {
            return TryVerifyStatic(ref request, isRealm ? configured : null, algorithm, ref reason);
        }

        if (credentials.TimedSecrets is { } secrets)
        {
            return TryVerifyTimed(ref request, secrets, algorithm, isRealm, ref reason);
        }

        return TryVerifyStatic(ref request, null, algorithm, ref reason);
    }

    private bool TryVerifyStatic(ref RequestContext request, StaticUser? user, PasswordAlgorithm algorithm, ref RefusalReason reason)
    {
        var key = user is null ? IntegrityKey.Random(state.Generator, algorithm) : IntegrityKey.Of(user.KeyFor(algorithm));
        var verifies = key.Verifies(request.Message, state.Mac);
        if (user is null || !verifies)
        {
            reason = user is null ? RefusalReason.UnknownUser : RefusalReason.WrongPassword;
            return false;
        }

        Accept(ref request, key, CredentialKinds.Static);
        return true;
    }

    private bool TryVerifyTimed(ref RequestContext request, TimedSecrets secrets, PasswordAlgorithm algorithm, bool isRealm, ref RefusalReason reason)
    {
        var isTimed = TimedName.TryRead(request.UserName, out var name);
        var verifies = false;
        LongTermKey key = default;
        for (var i = 0; i < secrets.Count; i++)
        {
            var candidate = secrets.DeriveKey(i, algorithm, request.UserName, state.Credentials.RealmBytes);
            if (IntegrityKey.Of(candidate).Verifies(request.Message, state.Mac))
            {
                key = candidate;
                verifies = true;
            }
        }

        if (!isTimed || !isRealm || !verifies)
        {
            reason = isTimed ? RefusalReason.WrongPassword : RefusalReason.UnknownUser;
            return false;
        }

        // An expired credential opens nothing new; for what exists it still tells who asks.
        if (request.Message.Method == StunMethod.Allocate && request.Allocation < 0 && name.IsExpired(request.UtcNow, state.Credentials.ClockTolerance))
        {
            reason = RefusalReason.CredentialExpired;
            return false;
        }

        Accept(ref request, IntegrityKey.Of(key), CredentialKinds.Timed);
        return true;
    }

    private bool TryVerifyToken(ref RequestContext request, ReadOnlySpan<byte> token, out RefusalReason reason)
    {
        var credentials = state.Credentials;
        reason = RefusalReason.BadToken;
        var key = credentials.TokenKeyFor(request.UserName);
        Span<byte> name = stackalloc byte[256];
        if (key is null
            || !System.Text.Encoding.UTF8.TryGetBytes(credentials.ServerName, name, out var nameLength)
            || !AccessToken.TryOpen(token, key.Key.Span, name[..nameLength], out var opened)
            || !opened!.IsValid(request.UtcNow)
            || opened.MacKey.Length > IntegrityKey.MaxLength)
        {
            return false;
        }

        var integrity = new IntegrityKey(opened.MacKey.Span, PasswordAlgorithm.None);
        if (!integrity.Verifies(request.Message, state.Mac))
        {
            reason = RefusalReason.WrongPassword;
            return false;
        }

        Accept(ref request, integrity, CredentialKinds.Token);
        request.Caller.AnswersSha256 = request.Message.HasIntegritySha256;
        request.Caller.TokenLifetime = opened.RemainingLifetime(request.UtcNow);
        return true;
    }

    private static void Accept(ref RequestContext request, in IntegrityKey key, CredentialKinds kind)
    {
        request.Caller.Key = key;
        request.Caller.Kind = kind;
        if (kind == CredentialKinds.Token)
        {
            request.Caller.AnswersSha256 = request.Message.HasIntegritySha256;
        }
    }
}
