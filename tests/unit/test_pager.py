from dashboard.parts.pager import PAGE, Place

FIRST = Place("events", "all")


def test_the_first_page_of_a_followed_list_is_live() -> None:
    assert FIRST.settled(900, follow=True).live
    assert FIRST.before is None


def test_a_paused_list_holds_its_top() -> None:
    paused = FIRST.settled(900, follow=False)
    assert paused.top == 900
    assert paused.settled(950, follow=False).top == 900


def test_following_again_lets_go_of_the_top() -> None:
    assert FIRST.settled(900, follow=False).settled(950, follow=True).live


def test_an_older_page_begins_after_the_last_row_and_holds_the_top_that_was_left() -> None:
    second = FIRST.older("701", 900)
    third = second.older("501", 1000)
    assert (second.before, second.top) == ("701", 900)
    assert (third.before, third.top) == ("501", 900)


def test_an_older_page_stands_still_also_while_following() -> None:
    assert FIRST.older("701", 900).settled(1000, follow=True).top == 900


def test_the_way_back_leads_through_the_same_pages_to_the_live_one() -> None:
    third = FIRST.older("701", 900).older("501", 900)
    assert third.newer().before == "701"
    assert third.newer().newer().settled(1000, follow=True).live


def test_an_address_leads_to_a_page_that_was_passed_or_to_any_other() -> None:
    third = FIRST.older("701", 900).older("501", 900)
    assert (third.at("701").before, third.at("701").shown(PAGE)) == ("701", "201–400")
    assert third.at(None).cursors == ()
    assert FIRST.at("333").shown(35) == "35 older ones"
    assert not FIRST.at("333").live
    assert FIRST.at("333").newer() == FIRST


def test_a_step_back_and_forward_again_finds_the_page_where_it_was() -> None:
    third = FIRST.older("701", 900).older("501", 900)
    assert third.at(None).at("501").shown(35) == "401–435"
    assert third.at("701").older("499", 900).at(None).at("501").shown(35) == "35 older ones"
    assert FIRST.at("333").at(None).at("333").shown(35) == "35 older ones"


def test_a_page_says_which_rows_it_shows() -> None:
    assert FIRST.shown(PAGE) == "1–200"
    assert FIRST.older("701", 900).shown(35) == "201–235"
    assert FIRST.shown(0) == "0"
