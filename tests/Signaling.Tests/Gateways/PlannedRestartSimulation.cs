using MediaRelay.Signaling.Gateways;
using MediaRelay.Tests.Support;

namespace MediaRelay.Signaling.Tests.Gateways;

/// <summary>
/// An end of the server and its next start in virtual time: gateways with their real back-off, the real admission and the real presence.
/// The machine makes a number of TLS handshakes per second; who waits 10 s for one is not heard at all and tries again.
/// </summary>
internal sealed class PlannedRestartSimulation : IDisposable
{
    private const double SessionsPerSecond = 300;
    private const double HandshakesPerSecond = 400;
    private static readonly TimeSpan s_keepAlive = TimeSpan.FromSeconds(75);
    private static readonly TimeSpan s_hold = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan s_handshakePatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_noteEvery = TimeSpan.FromSeconds(10);

    private readonly PriorityQueue<Home, TimeSpan> _next = new();
    private readonly ReturnPlan _plan = new(SessionsPerSecond, TimeSpan.FromSeconds(120));
    private readonly CountingRandom _random = new(7);
    private readonly Random _dice = new(7);
    private readonly List<Home> _homes = [];

    public void Dispose() => _random.Dispose();

    public int Suspect { get; private set; }

    public int Lost { get; private set; }

    /// <summary>When the last gateway had its session, counted from the end of the first process.</summary>
    public TimeSpan LastBack { get; private set; }

    /// <summary>Runs it to the end.</summary>
    /// <param name="gateways">How many were connected.</param>
    /// <param name="down">Between the end of the first process and the start of the next.</param>
    /// <param name="isPlanned">The first process told its gateways when to come back.</param>
    /// <param name="isEager">The gateways, not of our make, say hello at once all the same, and keep only their GETs back.</param>
    /// <param name="isLenient">The server counts the silence that it caused itself as what it is.</param>
    public void Run(int gateways, TimeSpan down, bool isPlanned, bool isEager, bool isLenient = true)
    {
        TimeSpan heard = TimeSpan.MinValue;
        for (int i = 0; i < gateways; i++)
        {
            var home = new Home(new RetryBackoff(_random)) { Heard = -Between(0, s_hold.TotalSeconds) };
            heard = home.Heard > heard ? home.Heard : heard;
            if (isPlanned)
                home.Told = ReturnPlan.LeastAtTheEnd + TimeSpan.FromSeconds(_dice.Next((int)_plan.SpreadAtTheEnd(gateways).TotalSeconds + 1));
            _homes.Add(home);
            _next.Enqueue(home, isPlanned && !isEager ? home.Told : home.Backoff.HandleFailure(false, null));
        }

        // As GatewayLinks has it: the last sign of life that was noted may be this much older than the end.
        TimeSpan until = down + _plan.Allowance(gateways, down - heard - s_hold - s_noteEvery);
        foreach (Home home in _homes)
            home.Presence.HandleExpected(PresenceState.Connected, isLenient ? home.Heard : down, isLenient ? until : down);
        var admission = new ReconnectAdmission(SessionsPerSecond, SessionsPerSecond, _plan.Most, _random);
        TimeSpan handshakes = down;
        TimeSpan end = down + TimeSpan.FromMinutes(15);
        while (_next.TryDequeue(out Home? home, out TimeSpan now) && now < end)
        {
            Judge(home, now);
            if (now < down)
                _next.Enqueue(home, now + home.Backoff.HandleFailure(false, null));
            else if (home.IsBack)
                Request(home, now, s_hold);
            else if (!home.IsConnected)
                Connect(home, now, ref handshakes);
            else
                Hello(home, now, admission, isLenient);
        }

        foreach (Home home in _homes)
            Judge(home, end);
        Assert.All(_homes, home => Assert.True(home.IsBack));
    }

    private void Connect(Home home, TimeSpan now, ref TimeSpan handshakes)
    {
        TimeSpan turn = (handshakes > now ? handshakes : now) + TimeSpan.FromSeconds(1 / HandshakesPerSecond);
        home.IsConnected = turn - now <= s_handshakePatience;
        if (home.IsConnected)
            handshakes = turn;
        _next.Enqueue(home, home.IsConnected ? turn : now + s_handshakePatience + home.Backoff.HandleFailure(false, null));
    }

    private void Hello(Home home, TimeSpan now, ReconnectAdmission admission, bool isLenient)
    {
        if (admission.TryAdmit(false, home.Booked, now, out TimeSpan later, out TimeSpan? slot))
        {
            home.IsBack = true;
            LastBack = now > LastBack ? now : LastBack;
            // Its GETs wait for the time that they were told by the process before.
            Request(home, now, home.Told > now ? home.Told - now : TimeSpan.Zero);
            return;
        }

        home.Booked = slot;
        home.IsConnected = later < s_keepAlive;
        if (isLenient)
            home.Presence.HandleTold(now + later);
        Request(home, now, home.Backoff.HandleFailure(false, later));
    }

    private void Request(Home home, TimeSpan now, TimeSpan next)
    {
        home.Presence.HandleRequest(now, home.Changes);
        home.Presence.HandleAnswered();
        home.Changes.Clear();
        _next.Enqueue(home, now + next);
    }

    private void Judge(Home home, TimeSpan now)
    {
        while (home.Presence.NextDeadline is { } deadline && deadline <= now)
        {
            home.Presence.HandleDeadline(deadline, home.Changes);
            Suspect += home.Changes.Count(change => change.To == PresenceState.Suspect);
            Lost += home.Changes.Count(change => change.To == PresenceState.Lost);
            home.Changes.Clear();
        }
    }

    private TimeSpan Between(double from, double to) => TimeSpan.FromSeconds(from + (_dice.NextDouble() * (to - from)));

    private sealed class Home(RetryBackoff backoff)
    {
        public RetryBackoff Backoff { get; } = backoff;

        public GatewayPresence Presence { get; } = new(PresenceLimits.Default);

        public List<PresenceChange> Changes { get; } = [];

        public TimeSpan Heard { get; init; }

        public TimeSpan Told { get; set; }

        public TimeSpan? Booked { get; set; }

        public bool IsConnected { get; set; }

        public bool IsBack { get; set; }
    }
}
