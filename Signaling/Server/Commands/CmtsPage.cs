using MediaRelay.Qos.Cmts;

namespace MediaRelay.Server.Commands;

/// <summary>The live page of the emulated CMTS and the numbers behind it.</summary>
internal static class CmtsPage
{
    public const string Html = """
        <!doctype html><html lang="en"><head><meta charset="utf-8"><title>CMTS</title>
        <style>
          body{font:14px/1.4 system-ui,sans-serif;margin:1.5rem;color:#1b2733}h1{font-size:1.2rem}table{border-collapse:collapse;margin:.5rem 0 1.5rem}
          th,td{padding:.2rem .7rem;border-bottom:1px solid #d8e0e6;text-align:left}td.n{text-align:right;font-variant-numeric:tabular-nums}
          .bar{display:inline-block;width:12rem;height:.8rem;background:#e6edf2}.bar i{display:block;height:100%;background:#2a7f9e}
          .Committed{color:#0a7a3b}.CommittedRecovery{color:#b25b00}.Reserved{color:#245fb5}
        </style></head><body><h1>Emulated CMTS</h1><p id="sum"></p>
        <table><thead><tr><th>direction</th><th>reserved</th><th>of capacity</th><th></th></tr></thead><tbody id="load"></tbody></table>
        <table><thead><tr><th>modem</th><th>online</th><th>gates</th><th>SIDs</th></tr></thead><tbody id="modems"></tbody></table>
        <table><thead><tr><th>gate</th><th>subscriber</th><th>direction</th><th>state</th><th>flow</th><th>scheduling</th><th>kbit/s</th><th>kB</th><th>s</th><th>AMID</th></tr></thead><tbody id="gates"></tbody></table>
        <script>
          const row=(cells,numbers=[])=>{const r=document.createElement('tr');cells.forEach((c,i)=>{const d=document.createElement('td');if(c instanceof Node)d.append(c);else d.textContent=c;if(numbers.includes(i))d.className='n';r.append(d)});return r};
          const bar=share=>{const b=document.createElement('span');b.className='bar';const i=document.createElement('i');i.style.width=Math.min(100,share*100)+'%';b.append(i);return b};
          const state=s=>{const e=document.createElement('span');e.className=s;e.textContent=s;return e};
          async function show(){
            try{
              const s=await(await fetch('/admin/cmts/snapshot')).json();
              sum.textContent=`${s.gateCount} gates, ${s.policyServers} policy servers, ${s.counters.gateSets} sets, ${s.counters.refused} refused, ${s.counters.preempted} preempted, DSA ${s.counters.dsa} DSC ${s.counters.dsc} DSD ${s.counters.dsd}`;
              load.replaceChildren(row(['up',(s.reservedUp/1e6).toFixed(3)+' Mbit/s',(s.capacityUp/1e6)+' Mbit/s',bar(s.reservedUp/s.capacityUp)]),row(['down',(s.reservedDown/1e6).toFixed(3)+' Mbit/s',(s.capacityDown/1e6)+' Mbit/s',bar(s.reservedDown/s.capacityDown)]));
              modems.replaceChildren(...s.modems.map(m=>row([m.address,m.isOnline?'yes':'no',m.gates,m.sids],[2,3])));
              gates.replaceChildren(...s.gates.map(g=>row([g.id,g.subscriber,g.direction,state(g.state),g.serviceFlow,g.scheduling,(g.reserved/1e3).toFixed(1),g.usageKilobytes,g.committedSeconds,g.owner],[4,6,7,8])));
            }catch(e){sum.textContent='No answer: '+e}
            setTimeout(show,1000)
          }
          show();
        </script></body></html>
        """;

    public static CmtsView View(CmtsSnapshot s, CmtsCounters c) => new(
        s.GateCount, s.PolicyServers, s.ReservedUp, s.CapacityUp, s.ReservedDown, s.CapacityDown,
        [.. s.Modems.Select(m => new CmtsModemRow(m.Address.ToString(), m.IsOnline, m.Gates, m.Sids))],
        [.. s.Gates.Select(g => new CmtsGateRow(
            g.Id.ToString(), g.Subscriber.ToString(), g.Direction.ToString(), g.State.ToString(), g.ServiceFlow, g.Scheduling.ToString(), g.ReservedBitsPerSecond,
            g.UsageKilobytes, g.CommittedSeconds, g.Owner.ToString()))],
        new CmtsCounterRow(c.GateSets, c.GateDeletes, c.Refused, c.Reports, c.Preempted, c.DsaExchanges, c.DscExchanges, c.DsdExchanges, c.BadFrames));
}

/// <summary>JSON of the snapshot; the page and <c>cmts top</c> read it.</summary>
internal sealed record CmtsView(
    int GateCount, int PolicyServers, double ReservedUp, double CapacityUp, double ReservedDown, double CapacityDown, CmtsModemRow[] Modems, CmtsGateRow[] Gates, CmtsCounterRow Counters);

internal sealed record CmtsModemRow(string Address, bool IsOnline, int Gates, int Sids);

internal sealed record CmtsGateRow(
    string Id, string Subscriber, string Direction, string State, uint ServiceFlow, string Scheduling, double Reserved, ulong UsageKilobytes, uint CommittedSeconds, string Owner);

internal sealed record CmtsCounterRow(long GateSets, long GateDeletes, long Refused, long Reports, long Preempted, long Dsa, long Dsc, long Dsd, long BadFrames);
