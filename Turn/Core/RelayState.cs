using System.Security.Cryptography;
using MediaRelay.Stun;
using MediaRelay.Turn.Access;
using MediaRelay.Turn.Allocations;
using MediaRelay.Turn.Limits;
using MediaRelay.Turn.Peers;
using MediaRelay.Turn.Ports;
using MediaRelay.Turn.Tables;

namespace MediaRelay.Turn;

/// <summary>What the parts of one engine share.</summary>
internal sealed class RelayState
{
    private RelayLimits _limits;

    public RelayState(RelaySettings settings, RelayLimits limits, RelayCredentials credentials, PeerFilter peers, RandomNumberGenerator random)
    {
        Settings = settings;
        Listeners = [.. settings.Listeners];
        _limits = limits;
        Credentials = credentials;
        Peers = peers;
        Generator = random;
        Random = new RandomPool(random);
        Hash = new KeyedHash(random);
        Nonces = new NonceIssuer(settings.NonceKey, credentials);
        Users = new UserTable(Hash, settings.Quotas ?? new QuotaCounts(Math.Min(limits.Allocations, 200_000), random));
        Ports = [.. settings.RelayAddresses.Select(a => new RelayPorts(a.Advertised, a.Ports, limits.PortRest, Random))];
        Budgets = settings.Budgets ?? new AnswerBudgets(limits, Hash);
        Allocations = new AllocationTable(this);
        SetRates();
    }

    public RelaySettings Settings { get; }

    public RelayListener[] Listeners { get; }

    public RelayLimits Limits
    {
        get => _limits;
        set
        {
            _limits = value;
            Budgets = Settings.Budgets ?? new AnswerBudgets(value, Hash);
            SetRates();
        }
    }

    /// <summary>Cost of one byte of a subscriber's bandwidth, see <see cref="TokenBucket"/>.</summary>
    public long SubscriberByteCost { get; private set; }

    /// <summary>The bandwidth burst in the units of <see cref="TokenBucket"/>.</summary>
    public long BurstUnits { get; private set; }

    public RelayCredentials Credentials { get; private set; }

    public NonceIssuer Nonces { get; private set; }

    public PeerFilter Peers { get; set; }

    public AlternateServers Alternates { get; set; } = AlternateServers.None;

    public bool IsDraining { get; set; }

    public RandomNumberGenerator Generator { get; }

    /// <summary>Hash contexts of this shard for the integrity of requests and answers; their handles are released by their own finalizers.</summary>
    public IntegrityMac Mac { get; } = new();

    public RandomPool Random { get; }

    public KeyedHash Hash { get; }

    public DeadlineWheel Wheel { get; } = new();

    public UserTable Users { get; }

    public RelayPorts[] Ports { get; }

    public AnswerBudgets Budgets { get; private set; }

    public AllocationTable Allocations { get; }

    public RelayCounters Counters { get; } = new();

    public RelayOutcome Outcome { get; set; }

    /// <summary>Commands from the hot path, which has no list; delivered with the next call that has one.</summary>
    public List<RelayCommand> Deferred { get; } = [];

    public void Replace(RelayCredentials credentials)
    {
        Credentials = credentials;
        Nonces = new NonceIssuer(Settings.NonceKey, credentials);
    }

    /// <summary>Sets a timer; the payload names its owner.</summary>
    public int SetTimer(TimerKind kind, int position, TimeSpan deadline) => Wheel.Add(deadline, ((uint)kind << 29) | (uint)position);

    public bool Supports(IpFamily family)
    {
        foreach (var ports in Ports)
        {
            if (ports.Address.Family == family)
            {
                return true;
            }
        }

        return false;
    }

    private void SetRates()
    {
        SubscriberByteCost = TokenBucket.CostOf(Math.Max(8, _limits.SubscriberBitRate) / 8.0);
        BurstUnits = _limits.BandwidthBurst.Ticks << 8;
    }
}
