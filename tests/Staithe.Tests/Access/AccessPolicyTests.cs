using Staithe.Access;
using Staithe.Accounts;
using Staithe.Oci;

namespace Staithe.Tests.Access;

/// <summary>The policy against a table of words, in which a person can look up who may do what.</summary>
public sealed class AccessPolicyTests
{
    const long Owner = 1;
    static readonly RepositoryName Name = RepositoryName.Parse("team/web/app");

    static readonly Rights[] Single = [Rights.Pull, Rights.Push, Rights.Move, Rights.Delete, Rights.Manage];

    // Who is asking; what they were given; what they may do where the repository is public, internal, private, and not there. A letter is a
    // right: l pull, s push, m move, d delete, a manage. An asker is a kind and the limits of a token: rights and a target.
    static readonly (string Who, string Grants, string Public, string Internal, string Private, string Missing)[] Table =
    [
        ("anonymous", "", "l", "", "", ""),
        ("owner", "", "lsmda", "lsmda", "lsmda", "lsmda"),
        ("user", "", "l", "l", "", ""),
        ("robot", "", "l", "", "", ""),

        ("user", "read", "l", "l", "l", "l"),
        ("user", "write", "lsm", "lsm", "lsm", "lsm"),
        ("user", "admin", "lsmda", "lsmda", "lsmda", "lsmda"),
        ("user", "push", "ls", "ls", "s", "s"),
        ("user", "delete", "ld", "ld", "d", "d"),
        ("user", "manage", "la", "la", "a", "a"),
        ("user", "read push", "ls", "ls", "ls", "ls"),
        ("robot", "read", "l", "l", "l", "l"),
        ("robot", "write", "lsm", "lsm", "lsm", "lsm"),
        ("robot", "admin", "lsmda", "lsmda", "lsmda", "lsmda"),

        // a token takes away what its user has, also what every user has, and not what everybody has
        ("owner read", "", "l", "l", "l", "l"),
        ("owner write", "", "lsm", "lsm", "lsm", "lsm"),
        ("owner push", "", "ls", "s", "s", "s"),
        ("user push", "", "l", "", "", ""),
        ("owner admin", "", "lsmda", "lsmda", "lsmda", "lsmda"),
        ("user admin", "", "l", "l", "", ""),
        ("user admin", "read", "l", "l", "l", "l"),
        ("user read", "admin", "l", "l", "l", "l"),
        ("user write", "delete", "l", "l", "", ""),
        ("owner admin team/", "", "lsmda", "lsmda", "lsmda", "lsmda"),
        ("owner admin team/web/", "", "lsmda", "lsmda", "lsmda", "lsmda"),
        ("owner admin team/web/app", "", "lsmda", "lsmda", "lsmda", "lsmda"),
        ("owner admin team/web/app/", "", "lsmda", "lsmda", "lsmda", "lsmda"),
        ("owner admin team/web", "", "l", "", "", ""),
        ("owner admin team/we/", "", "l", "", "", ""),
        ("owner admin team/web/ap", "", "l", "", "", ""),
        ("owner admin team/web/app/x", "", "l", "", "", ""),
        ("owner admin other/", "", "l", "", "", ""),
        ("user read team/", "write", "l", "l", "l", "l"),
        ("user write other/", "write", "l", "", "", ""),
        ("user read team/", "", "l", "l", "", ""),
        ("user read other/", "", "l", "", "", ""),
    ];

    [Fact]
    public void Every_asker_may_do_what_the_table_says_and_nothing_else() => Assert.Empty(Differences(AccessPolicy.Decide));

    [Theory]
    [InlineData("anonymous may push to what is public")]
    [InlineData("a stranger sees what is private")]
    [InlineData("a robot sees what is internal")]
    [InlineData("a token has no target")]
    [InlineData("a token shows what every user sees")]
    [InlineData("who has write may delete")]
    [InlineData("the owner may not manage")]
    public void The_table_notices_a_rule_that_is_another(string flaw)
    {
        Decision Flawed(Identity who, Place? place, IReadOnlyList<GrantRow> grants) => flaw switch
        {
            "anonymous may push to what is public" when who.Kind == IdentityKind.Anonymous && place?.Visibility == Visibility.Public => new Decision(Rights.Pull | Rights.Push, []),
            "a stranger sees what is private" when who.Kind == IdentityKind.User && place is not null => AccessPolicy.Decide(who, place with { Visibility = Visibility.Internal }, grants),
            "a robot sees what is internal" when who.Kind == IdentityKind.Robot && place?.Visibility == Visibility.Internal => AccessPolicy.Decide(who, place with { Visibility = Visibility.Public }, grants),
            "a token has no target" when who.Limit is not null => AccessPolicy.Decide(who with { Limit = who.Limit with { Target = null } }, place, grants),
            "a token shows what every user sees" when who.Limit is not null && place?.Visibility == Visibility.Internal => AccessPolicy.Decide(who, place with { Visibility = Visibility.Public }, grants),
            "who has write may delete" => AccessPolicy.Decide(who, place, [.. grants.Select(grant => grant.Rights == Rights.Write ? grant with { Rights = Rights.Write | Rights.Delete } : grant)]),
            "the owner may not manage" when who.Id == Owner => AccessPolicy.Decide(who, place, grants).Only(Rights.Write | Rights.Delete),
            _ => AccessPolicy.Decide(who, place, grants),
        };
        Assert.NotEmpty(Differences(Flawed));
    }

    [Fact]
    public void Where_there_is_no_space_nobody_may_do_anything() =>
        Assert.All(Table, row => Assert.Equal("", Letters(AccessPolicy.Decide(Asker(row.Who), null, Grants(row.Grants)))));

    [Fact]
    public void On_an_open_registry_everybody_may_do_everything() => Assert.Equal("lsmda", Letters(AccessPolicy.Decide(Identity.Anybody, null, [])));

    [Fact]
    public void An_admin_of_the_registry_is_a_stranger_to_the_content()
    {
        var admin = new Identity(IdentityKind.User, 7, "root", IsAdmin: true);
        Assert.Equal("", Letters(AccessPolicy.Decide(admin, new Place(Name, Owner, Visibility.Private), [])));
        Assert.Equal("l", Letters(AccessPolicy.Decide(admin, new Place(Name, Owner, Visibility.Internal), [])));
    }

    [Fact]
    public void A_robot_with_the_number_of_the_owner_is_not_the_owner() =>
        Assert.Equal("", Letters(AccessPolicy.Decide(new Identity(IdentityKind.Robot, Owner, "team+ci", false), new Place(Name, Owner, Visibility.Private), [])));

    [Fact]
    public void What_an_organization_holds_has_no_owner() =>
        Assert.Equal("", Letters(AccessPolicy.Decide(new Identity(IdentityKind.User, 0, "nobody", false), new Place(Name, null, Visibility.Private), [])));

    [Theory]
    [InlineData("team/", true)]
    [InlineData("team/web/", true)]
    [InlineData("team/web/app", true)]
    [InlineData("team/web/app/", true)]
    [InlineData("team", false)]
    [InlineData("team/web", false)]
    [InlineData("team/we", false)]
    [InlineData("team/we/", false)]
    [InlineData("team/web/ap/", false)]
    [InlineData("team/web/app2", false)]
    [InlineData("team/web/app/x", false)]
    [InlineData("team/web/app/x/", false)]
    [InlineData("tea/", false)]
    [InlineData("/", false)]
    [InlineData("", false)]
    public void A_target_reaches_a_repository_or_not(string target, bool reaches)
    {
        Assert.Equal(reaches, GrantTable.Reaches(target, Name));
        Assert.Equal(reaches, GrantTable.TargetsOver(Name.Value).Contains(target));
    }

    [Theory]
    [InlineData("dev-*", "dev-1 dev-", "dev v1 xdev-1 Dev-1")]
    [InlineData("*,!v*", "dev 1.0 x-v", "v v1 v1.0")]
    [InlineData("!v*", "dev 1.0", "v v1")]
    [InlineData("latest", "latest", "latest1 Latest late")]
    [InlineData("v?", "v1 vx", "v v12")]
    [InlineData("v*.*", "v1.0 v1.2.3", "v1 v")]
    [InlineData("dev-*,pr-*", "dev-1 pr-1", "main")]
    [InlineData("dev-*,!dev-secret", "dev-1", "dev-secret")]
    [InlineData("*", "a 1 v1.0", "")]
    public void A_pattern_matches_whole_tags(string text, string matching, string others)
    {
        Assert.True(TagPattern.TryParse(text, out var pattern));
        Assert.All(Words(matching), tag => Assert.True(pattern.Matches(TagName.Parse(tag)), tag));
        Assert.All(Words(others), tag => Assert.False(pattern.Matches(TagName.Parse(tag)), tag));
    }

    [Theory]
    [InlineData("")]
    [InlineData(",")]
    [InlineData("a,")]
    [InlineData("!")]
    [InlineData("!!v*")]
    [InlineData("a b")]
    [InlineData("a/b")]
    [InlineData("<")]
    [InlineData("a\\*")]
    [InlineData("[a-z]")]
    [InlineData("ä*")]
    public void A_pattern_holds_only_what_tags_are_made_of(string text) => Assert.False(TagPattern.TryParse(text, out _));

    [Fact]
    public void A_pattern_limits_what_has_to_do_with_tags_and_nothing_else()
    {
        var decision = AccessPolicy.Decide(Asker("user"), new Place(Name, Owner, Visibility.Private), [Grant(Rights.Admin, "dev-*"), Grant(Rights.Push, "*,!v*")]);
        Assert.Equal(Rights.Pull | Rights.Manage, decision.Always);
        Assert.True(decision.May(Rights.Push));
        Assert.Equal("lsmda", Letters(decision, "dev-1"));
        Assert.Equal("lsa", Letters(decision, "main"));
        Assert.Equal("la", Letters(decision, "v1"));
    }

    [Fact]
    public void A_token_limits_what_holds_for_a_pattern_too()
    {
        var grants = new[] { Grant(Rights.Admin, "dev-*") };
        var place = new Place(Name, Owner, Visibility.Private);
        Assert.Equal("lsm", Letters(AccessPolicy.Decide(Asker("user write"), place, grants), "dev-1"));
        Assert.Equal("l", Letters(AccessPolicy.Decide(Asker("user write"), place, grants), "main"));
        Assert.Equal("", Letters(AccessPolicy.Decide(Asker("user write other/"), place, grants), "dev-1"));
    }

    [Fact]
    public void What_is_asked_for_limits_a_decision_and_adds_nothing()
    {
        var decision = new Decision(Rights.Pull, [new TagRights(TagPattern.Read("dev-*")!, Rights.Push | Rights.Move)]);
        Assert.Equal("l", Letters(decision.Only(Rights.Pull), "dev-1"));
        Assert.Equal("s", Letters(decision.Only(Rights.Push), "dev-1"));
        Assert.Equal("lsm", Letters(decision.Only(Rights.Admin), "dev-1"));
        Assert.Equal("", Letters(decision.Only(Rights.None), "dev-1"));
        Assert.Equal("lsmda", Letters(Decision.Everything.Only(Rights.Admin)));
        Assert.Equal("", Letters(Decision.Nothing.Only(Rights.Admin)));
    }

    static List<string> Differences(Func<Identity, Place?, IReadOnlyList<GrantRow>, Decision> decide)
    {
        var differences = new List<string>();
        foreach (var row in Table)
        {
            foreach (var (visibility, expected) in ((Visibility?, string)[])[(Visibility.Public, row.Public), (Visibility.Internal, row.Internal), (Visibility.Private, row.Private), (null, row.Missing)])
            {
                var actual = Letters(decide(Asker(row.Who), new Place(Name, Owner, visibility), Grants(row.Grants)));
                if (actual != expected)
                    differences.Add($"{row.Who} who was given \"{row.Grants}\" where it is {visibility?.ToString() ?? "not there"}: {actual}, not {expected}");
            }
        }
        return differences;
    }

    static Identity Asker(string text)
    {
        var words = Words(text);
        var limit = words.Length > 1 ? new Limit(99, Parse(words[1]), words.ElementAtOrDefault(2)) : null;
        return words[0] switch
        {
            "anonymous" => Identity.Anonymous,
            "owner" => new Identity(IdentityKind.User, Owner, "owner", false, limit),
            "user" => new Identity(IdentityKind.User, 2, "user", false, limit),
            _ => new Identity(IdentityKind.Robot, 3, "team+robot", false, limit),
        };
    }

    static GrantRow[] Grants(string text) => [.. Words(text).Select(word => Grant(Parse(word), null))];

    static GrantRow Grant(Rights rights, string? tags) => new(1, "team/", rights, TagPattern.Read(tags), null, "user", "somebody");

    static Rights Parse(string word)
    {
        Assert.True(RightsText.TryParse(word, out var rights));
        return rights;
    }

    static string Letters(Decision decision) => string.Concat(Single.Zip("lsmda").Where(right => decision.May(right.First)).Select(right => right.Second));

    static string Letters(Decision decision, string tag) => string.Concat(Single.Zip("lsmda").Where(right => decision.May(right.First, TagName.Parse(tag))).Select(right => right.Second));

    static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
